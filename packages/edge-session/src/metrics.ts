import type { Counter, Gauge, Histogram, MetricsSink } from "@tidewire/foundation";

/** Every metric of the edge's sessions, declared once. */
export interface EdgeMetrics {
  readonly sessions: Gauge;
  readonly streams: Gauge;
  readonly requests: Counter;
  readonly requestSeconds: Histogram;
  readonly errors: Counter;
  readonly framesOut: Counter;
  readonly framesHeld: Counter;
  readonly resubscriptions: Counter;
  readonly resyncs: Counter;
  readonly closes: Counter;
  readonly refusals: Counter;
  readonly authentications: Counter;
}

const LATENCY_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function edgeMetrics(sink: MetricsSink): EdgeMetrics {
  return {
    sessions: sink.gauge("tidewire_edge_sessions", "Sessions open now", ["transport"]),
    streams: sink.gauge("tidewire_edge_streams", "Document streams open now"),
    requests: sink.counter("tidewire_edge_requests_total", "Requests answered", ["method", "outcome"]),
    requestSeconds: sink.histogram("tidewire_edge_request_seconds", "Time to answer a request", LATENCY_BUCKETS_S, [
      "method",
    ]),
    errors: sink.counter("tidewire_edge_errors_total", "Errors sent to clients, by code", ["code"]),
    framesOut: sink.counter("tidewire_edge_frames_total", "Document frames sent to clients", ["kind"]),
    framesHeld: sink.counter("tidewire_edge_frames_held_total", "Document frames held back for clients without room"),
    resubscriptions: sink.counter("tidewire_edge_resubscriptions_total", "Streams subscribed again, by cause", [
      "reason",
    ]),
    resyncs: sink.counter("tidewire_edge_resyncs_total", "Snapshots asked for by clients"),
    closes: sink.counter("tidewire_edge_closes_total", "Sockets the edge closed, by close code", ["code"]),
    refusals: sink.counter("tidewire_edge_refusals_total", "Admissions refused, by what was asked for", ["kind"]),
    authentications: sink.counter("tidewire_edge_authentications_total", "Tokens judged, by outcome", ["outcome"]),
  };
}
