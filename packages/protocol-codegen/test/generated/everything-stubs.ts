// Generated from everything.xml, digest 4d8556c0159ff096. Do not edit; run codegen.
import type {
  StubCallOptions,
  StubCaller,
  StubServices,
  StubStream,
  StubStreamHandler,
  StubStreamHandlers,
  StubStreamOptions,
  StubUnaryHandler,
} from "@tidewire/wire";
import { checkCaller } from "@tidewire/wire";
import { EverythingService } from "./everything-service.ts";
import type {
  Lists,
  Nothing,
  Shape,
  Singles,
} from "./everything-types.ts";

/** The dialling side of `Everything`. */
export interface EverythingClient {
  ask(request: Singles, options?: StubCallOptions): Promise<Shape>;
  talk(request: Nothing, handlers: StubStreamHandlers<Lists>, options?: StubStreamOptions): StubStream<Shape>;
}

export function everythingClient(caller: StubCaller): EverythingClient {
  const { methods } = EverythingService;
  return {
    ask: (request, options) => caller.call(methods.ask, request, options),
    talk: (request, handlers, options) => caller.open(methods.talk, request, handlers, options),
  };
}

/** What a process that serves `Everything` must answer. */
export interface EverythingHandlers {
  readonly ask: StubUnaryHandler<Singles, Shape>;
  readonly talk: StubStreamHandler<Nothing, Shape, Lists>;
}

/** Registers a handler for every method; peers of other roles are refused. */
export function serveEverything(services: StubServices, handlers: EverythingHandlers): void {
  const { callers, methods } = EverythingService;
  services.unary(methods.ask, (request, context) => {
    checkCaller(context, callers);
    return handlers.ask(request, context);
  });
  services.stream(methods.talk, (request, stream, context) => {
    checkCaller(context, callers);
    return handlers.talk(request, stream, context);
  });
}
