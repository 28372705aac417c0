import type { Counter, Gauge, MetricsSink } from "@tidewire/foundation";

export interface PeerLinkMetrics {
  /** Labelled with `state`. */
  readonly links: Gauge;
  /** Labelled with `result`: `open` or the code of the error. */
  readonly dials: Counter;
  /** Labelled with `how`: `in_order` or `broken`. */
  readonly losses: Counter;
  /** Labelled with `result`: `sent` or `budget_empty`. */
  readonly retries: Counter;
  readonly waiting: Gauge;
  /** Labelled with `reason`: `full` or `no_connection`. */
  readonly refusals: Counter;
}

export function peerLinkMetrics(sink: MetricsSink): PeerLinkMetrics {
  return {
    links: sink.gauge("tidewire_link_peers", "Managed links by state", ["state"]),
    dials: sink.counter("tidewire_link_dials_total", "Attempts to connect to a peer, by result", ["result"]),
    losses: sink.counter("tidewire_link_losses_total", "Connections that ended, in order or broken", ["how"]),
    retries: sink.counter("tidewire_link_retries_total", "Calls sent again after the link broke", ["result"]),
    waiting: sink.gauge("tidewire_link_waiting", "Calls and streams that wait for a connection"),
    refusals: sink.counter("tidewire_link_refusals_total", "Calls and streams refused on this side", ["reason"]),
  };
}
