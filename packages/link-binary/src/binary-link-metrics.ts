import type { Counter, Gauge, Histogram, MetricsSink } from "@tidewire/foundation";
import { Traffic } from "./traffic.ts";

/** One second of counting at a time; see `Traffic`. */
export class BinaryLinkMetrics {
  /** Labelled with `side`: `dialling` or `listening`. */
  readonly connections: Gauge;
  /** Labelled with `side` and `result`: `open`, an error code, `stranger`, `tls`, `full`. */
  readonly handshakes: Counter;
  /** Labelled with `reason`. */
  readonly breaks: Counter;
  readonly roundTrip: Histogram;
  /** Labelled with `what`: `frames`, `large` or `assemblies`. */
  readonly waitingBytes: Gauge;
  readonly congested: Gauge;
  readonly behind: Gauge;
  readonly inFlight: Gauge;
  readonly #bytes: Counter;
  readonly #frames: Counter;
  readonly #fragments: Counter;
  readonly #flushes: Counter;
  readonly #reads: Counter;
  readonly #grants: Counter;
  readonly #stalls: Counter;
  #published: Traffic;

  constructor(sink: MetricsSink, traffic: Traffic) {
    const name = (what: string): string => `tidewire_link_binary_${what}`;
    this.connections = sink.gauge(name("connections"), "Open connections", ["side"]);
    this.handshakes = sink.counter(name("handshakes_total"), "Handshakes by result", ["side", "result"]);
    this.breaks = sink.counter(name("breaks_total"), "Connections that did not end in order", ["reason"]);
    this.roundTrip = sink.histogram(
      name("round_trip_seconds"),
      "From a heartbeat to its echo, on quiet connections",
      [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1, 5],
    );
    this.waitingBytes = sink.gauge(name("waiting_bytes"), "Bytes in outbound queues and half-read messages", ["what"]);
    this.congested = sink.gauge(name("congested_connections"), "Connections whose peer takes in less than is sent");
    this.behind = sink.gauge(name("behind_connections"), "Connections on which more has come than was read");
    this.inFlight = sink.gauge(name("in_flight"), "Calls and streams of all connections, both sides");
    this.#bytes = sink.counter(name("bytes_total"), "Bytes on the wire, TLS aside", ["direction"]);
    this.#frames = sink.counter(name("frames_total"), "Frames", ["direction"]);
    this.#fragments = sink.counter(name("fragments_total"), "Frames that carry a part of a large message", [
      "direction",
    ]);
    this.#flushes = sink.counter(name("flushes_total"), "Writes to sockets");
    this.#reads = sink.counter(name("reads_total"), "Reads from sockets");
    this.#grants = sink.counter(name("grants_total"), "Grants of credit to streams");
    this.#stalls = sink.counter(name("stalls_total"), "Times a connection became congested");
    this.#published = Object.assign(new Traffic(), traffic);
  }

  /** Adds what was counted since the last time. */
  publish(traffic: Traffic): void {
    const before = this.#published;
    this.#published = Object.assign(new Traffic(), traffic);
    const directions = [
      [
        "in",
        traffic.bytesIn - before.bytesIn,
        traffic.framesIn - before.framesIn,
        traffic.fragmentsIn - before.fragmentsIn,
      ],
      [
        "out",
        traffic.bytesOut - before.bytesOut,
        traffic.framesOut - before.framesOut,
        traffic.fragmentsOut - before.fragmentsOut,
      ],
    ] as const;
    for (const [direction, bytes, frames, fragments] of directions) {
      this.#bytes.add(bytes, { direction });
      this.#frames.add(frames, { direction });
      this.#fragments.add(fragments, { direction });
    }
    this.#flushes.add(traffic.flushes - before.flushes);
    this.#reads.add(traffic.readsIn - before.readsIn);
    this.#grants.add(traffic.grants - before.grants);
    this.#stalls.add(traffic.stalls - before.stalls);
  }
}
