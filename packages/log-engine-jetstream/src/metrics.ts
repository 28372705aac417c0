import type { Counter, Gauge, Histogram, MetricsSink } from "@tidewire/foundation";

const SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Everything this engine measures, declared once. */
export class JetStreamLogMetrics {
  readonly appends: Counter;
  readonly appendedBytes: Counter;
  readonly appendSeconds: Histogram;
  readonly fenced: Counter;
  readonly overloaded: Counter;
  readonly failures: Counter;
  readonly retries: Counter;
  readonly snapshots: Counter;
  readonly purges: Counter;
  readonly purgesDropped: Counter;
  readonly voidRecords: Counter;
  readonly shortened: Counter;
  readonly damaged: Counter;
  readonly queuedBytes: Gauge;
  readonly dueEntries: Gauge;
  readonly isConnected: Gauge;
  readonly isDurable: Gauge;

  constructor(sink: MetricsSink) {
    const name = (what: string): string => `tidewire_log_engine_jetstream_${what}`;
    this.appends = sink.counter(name("appends_total"), "Appends that the stream has acknowledged");
    this.appendedBytes = sink.counter(name("appended_bytes_total"), "Bytes of callers in acknowledged appends");
    this.appendSeconds = sink.histogram(name("append_seconds"), "From the call of an append to its answer", SECONDS);
    this.fenced = sink.counter(name("fenced_total"), "Writes refused by epoch or expected seq");
    this.overloaded = sink.counter(name("overloaded_total"), "Writes refused because too much waits");
    this.failures = sink.counter(name("failures_total"), "Requests to NATS that failed", ["reason"]);
    this.retries = sink.counter(name("retries_total"), "Writes sent again because no answer came");
    this.snapshots = sink.counter(name("snapshots_total"), "Snapshots written");
    this.purges = sink.counter(name("purges_total"), "Subjects purged of what nobody needs");
    this.purgesDropped = sink.counter(name("purges_dropped_total"), "Purges given up because too many wait");
    this.voidRecords = sink.counter(name("void_records_total"), "Records of stale writers that a stream has let in");
    this.shortened = sink.counter(name("shortened_total"), "Documents whose log came back shorter than it was");
    this.damaged = sink.counter(name("damaged_total"), "Times a damaged or incomplete document was refused");
    this.queuedBytes = sink.gauge(name("queued_bytes"), "Bytes of writes under way or waiting");
    this.dueEntries = sink.gauge(name("due_entries"), "Timers held in memory");
    this.isConnected = sink.gauge(name("is_connected"), "1 while connected to a server that passes the gate");
    this.isDurable = sink.gauge(name("is_durable"), "1 if every server is known to sync before it acknowledges");
  }
}
