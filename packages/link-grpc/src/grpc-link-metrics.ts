import type { Counter, Gauge, MetricsSink } from "@tidewire/foundation";
import { Traffic } from "./traffic.ts";

/** One second of counting at a time; see `Traffic`. */
export class GrpcLinkMetrics {
  /** Labelled with `side`: `dialling` or `listening`. */
  readonly connections: Gauge;
  /** Labelled with `side` and `result`: `open`, an error code, `stranger`, `tls`, `full`. */
  readonly handshakes: Counter;
  /** Labelled with `reason`. */
  readonly breaks: Counter;
  readonly waitingBytes: Gauge;
  readonly congested: Gauge;
  readonly inFlight: Gauge;
  readonly #messages: Counter;
  readonly #bytes: Counter;
  #published: Traffic;

  constructor(sink: MetricsSink, traffic: Traffic) {
    const name = (what: string): string => `tidewire_link_grpc_${what}`;
    this.connections = sink.gauge(name("connections"), "Open connections", ["side"]);
    this.handshakes = sink.counter(name("handshakes_total"), "Handshakes by result", ["side", "result"]);
    this.breaks = sink.counter(name("breaks_total"), "Connections that did not end in order", ["reason"]);
    this.waitingBytes = sink.gauge(name("waiting_bytes"), "Bytes given to gRPC that its flow control has not taken");
    this.congested = sink.gauge(name("congested_connections"), "Connections whose peer takes in less than is sent");
    this.inFlight = sink.gauge(name("in_flight"), "Calls and streams of all connections, both sides");
    this.#messages = sink.counter(name("messages_total"), "Messages of gRPC", ["direction"]);
    this.#bytes = sink.counter(name("bytes_total"), "Bytes of these messages, without framing", ["direction"]);
    this.#published = Object.assign(new Traffic(), traffic);
  }

  /** Adds what was counted since the last time. */
  publish(traffic: Traffic): void {
    const before = this.#published;
    this.#published = Object.assign(new Traffic(), traffic);
    this.#messages.add(traffic.messagesIn - before.messagesIn, { direction: "in" });
    this.#messages.add(traffic.messagesOut - before.messagesOut, { direction: "out" });
    this.#bytes.add(traffic.bytesIn - before.bytesIn, { direction: "in" });
    this.#bytes.add(traffic.bytesOut - before.bytesOut, { direction: "out" });
  }
}
