// Generated from routing.xml, digest d3685970be7f4019. Do not edit; run codegen.
import type {
  StubCaller,
  StubServices,
  StubStream,
  StubStreamHandler,
  StubStreamHandlers,
  StubStreamOptions,
} from "@tidewire/wire";
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

/** Registers a handler for every method. */
export function serveRouting(services: StubServices, handlers: RoutingHandlers): void {
  const { methods } = RoutingService;
  services.stream(methods.watch, (request, stream, context) => handlers.watch(request, stream, context));
}
