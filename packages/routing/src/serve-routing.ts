import { type Gauge, type Logger, type MetricsSink, ServiceError } from "@tidewire/foundation";
import type { LinkServices, ServerStream } from "@tidewire/link";
import { type RoutingTable, serveRouting as serveRoutingMethods } from "@tidewire/protocol-routing";
import type { RoutingSource } from "./routing-source.ts";

export interface ServeRoutingModules {
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

export interface ServeRoutingOptions {
  /** One more is refused with `overloaded`. */
  readonly watchersMax: number;
}

export interface RoutingServer {
  readonly watcherCount: number;
  /** Ends all streams in order, so that watchers turn to another node at once. */
  close(): void;
}

interface Watcher {
  readonly stream: ServerStream<RoutingTable>;
  sent: RoutingTable | undefined;
}

/**
 * Answers `Routing/watch` from a source: the present table at once, then each newer one. A watcher without credit gets
 * the newest when it grants some; what came between is skipped, because a table says everything.
 */
export function serveRouting(
  source: RoutingSource,
  services: LinkServices,
  modules: ServeRoutingModules,
  options: ServeRoutingOptions = { watchersMax: 4_096 },
): RoutingServer {
  const watchers = new Set<Watcher>();
  const gauge: Gauge = modules.metrics.gauge("tidewire_routing_watchers", "Streams of the routing table served.");
  const push = (watcher: Watcher): void => {
    const { table } = source;
    if (table === undefined || table === watcher.sent || watcher.stream.credit === 0) return;
    watcher.sent = table;
    watcher.stream.send(table);
  };
  const forget = (watcher: Watcher): void => {
    watchers.delete(watcher);
    gauge.set(watchers.size);
  };
  const stopListening = source.onTable(() => {
    for (const watcher of watchers) push(watcher);
  });
  serveRoutingMethods(services, {
    watch: (request, stream) => {
      const watcher: Watcher = { stream, sent: undefined };
      if (watchers.size >= options.watchersMax) {
        stream.end(new ServiceError("overloaded", "too many watchers of the routing table"));
        return {};
      }
      watchers.add(watcher);
      gauge.set(watchers.size);
      modules.logger.debug({ subscriber: request.subscriber, peer: stream.peer.nodeId }, "routing table watched");
      push(watcher);
      return { credit: () => push(watcher), cancelled: () => forget(watcher) };
    },
  });
  return {
    get watcherCount() {
      return watchers.size;
    },
    close() {
      stopListening();
      for (const watcher of watchers) {
        forget(watcher);
        watcher.stream.end();
      }
    },
  };
}
