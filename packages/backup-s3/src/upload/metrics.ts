import type { Counter, Gauge, MetricsSink } from "@tidewire/foundation";

/** Everything a backup measures, declared once. */
export class BackupMetrics {
  readonly lagBytes: Gauge;
  readonly lagSeconds: Gauge;
  readonly lastSuccess: Gauge;
  readonly isBehind: Gauge;
  readonly isSuperseded: Gauge;
  readonly uploadedBytes: Counter;
  readonly uploadedParts: Counter;
  readonly manifests: Counter;
  readonly failures: Counter;
  readonly retries: Counter;
  readonly removedObjects: Counter;

  constructor(sink: MetricsSink) {
    const name = (what: string): string => `tidewire_backup_s3_${what}`;
    this.lagBytes = sink.gauge(name("lag_bytes"), "Durable bytes that are not in the backup yet");
    this.lagSeconds = sink.gauge(name("lag_seconds"), "Age of the oldest write that may not be in the backup yet");
    this.lastSuccess = sink.gauge(
      name("last_success_timestamp_seconds"),
      "When a manifest was last stored, or nothing was new",
    );
    this.isBehind = sink.gauge(name("is_behind"), "1 while files are removed without having been uploaded");
    this.isSuperseded = sink.gauge(name("is_superseded"), "1 while another process has a newer epoch of this store");
    this.uploadedBytes = sink.counter(name("uploaded_bytes_total"), "Bytes of parts that were stored", ["kind"]);
    this.uploadedParts = sink.counter(name("uploaded_parts_total"), "Parts that were stored", ["kind"]);
    this.manifests = sink.counter(name("manifests_total"), "Manifests that were stored");
    this.failures = sink.counter(name("failures_total"), "Rounds that failed", ["reason"]);
    this.retries = sink.counter(name("retries_total"), "Requests that were sent again");
    this.removedObjects = sink.counter(name("removed_objects_total"), "Objects removed by retention");
  }
}
