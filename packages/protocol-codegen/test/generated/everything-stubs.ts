// Generated from everything.xml, digest 6814d17092d291a9. Do not edit; run codegen.
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
import { EverythingService, AnotherService } from "./everything-service.ts";
import type {
  Awkward,
  Lists,
  Nothing,
  Shape,
  Singles,
  Thing,
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

/** The dialling side of `Another`. */
export interface AnotherClient {
  talk(request: Nothing, handlers: StubStreamHandlers<Awkward>, options?: StubStreamOptions): StubStream<Thing>;
  delete(request: Awkward, options?: StubCallOptions): Promise<Nothing>;
}

export function anotherClient(caller: StubCaller): AnotherClient {
  const { methods } = AnotherService;
  return {
    talk: (request, handlers, options) => caller.open(methods.talk, request, handlers, options),
    delete: (request, options) => caller.call(methods.delete, request, options),
  };
}

/** What a process that serves `Another` must answer. */
export interface AnotherHandlers {
  readonly talk: StubStreamHandler<Nothing, Thing, Awkward>;
  readonly delete: StubUnaryHandler<Awkward, Nothing>;
}

/** Registers a handler for every method. */
export function serveAnother(services: StubServices, handlers: AnotherHandlers): void {
  const { methods } = AnotherService;
  services.stream(methods.talk, (request, stream, context) => handlers.talk(request, stream, context));
  services.unary(methods.delete, (request, context) => handlers.delete(request, context));
}
