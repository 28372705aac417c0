import type { Counter, Gauge, Histogram, MetricsSink } from "@tidewire/foundation";

const FLUSH_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const RECORD_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024];

/** Everything this engine measures, declared once. */
export class LocalLogMetrics {
  readonly appends: Counter;
  readonly appendedBytes: Counter;
  readonly writtenBytes: Counter;
  readonly fenced: Counter;
  readonly overloaded: Counter;
  readonly failures: Counter;
  readonly snapshots: Counter;
  readonly snapshotBytes: Counter;
  readonly movedBytes: Counter;
  readonly removedSegments: Counter;
  readonly recycledSegments: Counter;
  readonly checkpoints: Counter;
  readonly flushSeconds: Histogram;
  readonly flushRecords: Histogram;
  readonly queuedBytes: Gauge;
  readonly documents: Gauge;
  readonly activeDocuments: Gauge;
  readonly damagedDocuments: Gauge;
  readonly isWritable: Gauge;
  readonly diskBytes: Gauge;
  readonly liveBytes: Gauge;
  readonly spareBytes: Gauge;
  readonly reserveBytes: Counter;
  readonly historyBytes: Gauge;
  readonly deletionBytes: Gauge;

  constructor(sink: MetricsSink) {
    const name = (what: string): string => `tidewire_log_engine_local_${what}`;
    this.appends = sink.counter(name("appends_total"), "Appends that became durable");
    this.appendedBytes = sink.counter(name("appended_bytes_total"), "Bytes of callers in durable appends");
    this.writtenBytes = sink.counter(name("written_bytes_total"), "Bytes written to log segments");
    this.fenced = sink.counter(name("fenced_total"), "Writes refused by epoch or expected seq");
    this.overloaded = sink.counter(name("overloaded_total"), "Writes refused because too much waits");
    this.failures = sink.counter(name("failures_total"), "Times the log stopped because of its disk", ["reason"]);
    this.snapshots = sink.counter(name("snapshots_total"), "Snapshots that became durable");
    this.snapshotBytes = sink.counter(name("snapshot_bytes_total"), "Bytes written to snapshot segments");
    this.movedBytes = sink.counter(name("moved_bytes_total"), "Bytes of records moved by compaction");
    this.removedSegments = sink.counter(
      name("removed_segments_total"),
      "Segments that nobody needs any more and that are gone",
      ["kind"],
    );
    this.recycledSegments = sink.counter(
      name("recycled_segments_total"),
      "Log segments begun in the file of a dead one",
    );
    this.checkpoints = sink.counter(name("checkpoints_total"), "Checkpoints written");
    this.flushSeconds = sink.histogram(name("flush_seconds"), "Write and sync of one batch", FLUSH_BUCKETS);
    this.flushRecords = sink.histogram(name("flush_records"), "Records in one batch", RECORD_BUCKETS);
    this.queuedBytes = sink.gauge(name("queued_bytes"), "Bytes that wait to be written");
    this.documents = sink.gauge(name("documents"), "Documents in the index, deleted ones included");
    this.activeDocuments = sink.gauge(name("active_documents"), "Documents kept ready for writes");
    this.damagedDocuments = sink.gauge(name("damaged_documents"), "Documents that cannot be served");
    this.isWritable = sink.gauge(name("is_writable"), "1 while writes are taken");
    this.diskBytes = sink.gauge(name("disk_bytes"), "Bytes in segment files", ["kind"]);
    this.historyBytes = sink.gauge(name("history_bytes"), "Bytes of dead records that are kept as history");
    this.deletionBytes = sink.gauge(name("deletion_bytes"), "Bytes of the records of deletions that are kept");
    this.spareBytes = sink.gauge(name("spare_bytes"), "Bytes in files of dead log segments, kept to be written over");
    this.reserveBytes = sink.counter(
      name("reserve_written_bytes_total"),
      "Bytes written ahead, for a reserve on the disk",
    );
    this.liveBytes = sink.gauge(name("live_bytes"), "Bytes in segment files that documents need", ["kind"]);
  }
}
