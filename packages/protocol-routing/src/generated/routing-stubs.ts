// Generated from routing.xml, digest 6e6e5ad59f5c2fac. Do not edit; run codegen.
import type {
  StubCaller,
  StubServices,
  StubStream,
  StubStreamHandler,
  StubStreamHandlers,
  StubStreamOptions,
} from "@tidewire/wire";
import { checkCaller } from "@tidewire/wire";
import { RoutingService } from "./routing-service.ts";
import type {
  Empty,
  RoutingTable,
  WatchRequest,
} from "./routing-types.ts";

/** The dialling side of `Routing`. */
export interface RoutingClient {
  watch(request: WatchRequest, handlers: StubStreamHandlers<RoutingTable>, options?: StubStreamOptions): StubStream<Empty>;
}

export function routingClient(caller: StubCaller): RoutingClient {
  const { methods } = RoutingService;
  return {
    watch: (request, handlers, options) => caller.open(methods.watch, request, handlers, options),
  };
}

/** What a process that serves `Routing` must answer. */
export interface RoutingHandlers {
  readonly watch: StubStreamHandler<WatchRequest, Empty, RoutingTable>;
}

/** Registers a handler for every method; peers of other roles are refused. */
export function serveRouting(services: StubServices, handlers: RoutingHandlers): void {
  const { callers, methods } = RoutingService;
  services.stream(methods.watch, (request, stream, context) => {
    checkCaller(context, callers);
    return handlers.watch(request, stream, context);
  });
}
