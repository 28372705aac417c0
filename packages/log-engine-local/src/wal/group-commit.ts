import { type Clock, ServiceError } from "@tidewire/foundation";
import type { Pace } from "../compaction/pace.ts";
import { encodePrior, encodeTime, type PriorSegment } from "../format/payloads.ts";
import { RecordType, recordBytes } from "../format/record.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import { Batch, BatchBuffers, type Completion, type PlacedRecord, type QueuedAppend, type WalRecord } from "./batch.ts";
import type { SegmentWriter } from "./segment-writer.ts";
import { type FailureReason, failureReason, storageUnavailable } from "./storage-failure.ts";

export interface GroupCommitOptions {
  readonly batchMaxBytes: number;
  readonly queueMaxBytes: number;
  readonly queueMaxMs: number;
}

export interface GroupCommitModules {
  readonly writer: SegmentWriter;
  readonly clock: Clock;
  readonly metrics: LocalLogMetrics;
  readonly pace: Pace;
  /** The log has stopped; everything that waited has been refused. */
  readonly failed: (reason: FailureReason, error: unknown) => void;
}

type State =
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly reason: FailureReason }
  | { readonly kind: "closed" };

/** How finely a restore can choose its point in time; see FORMAT.md section 4. */
const TIME_EVERY_MS = 1_000;

/**
 * Natural batching: an idle log writes what came in this turn of the event loop; while a write is under way, what comes is
 * gathered and goes with the next one. No timer: a delay window costs latency and gains nothing (research/storage.md 3.3).
 *
 * A failed write or sync is final: the kernel may have dropped the pages, so trying again could acknowledge what is not on
 * disk. Everything queued is refused as of unknown outcome until `resume` begins a new segment.
 */
export class GroupCommit {
  readonly #modules: GroupCommitModules;
  readonly #options: GroupCommitOptions;
  readonly #buffers: BatchBuffers;
  /** Oldest first; only the last one takes more records. */
  #queue: Batch[] = [];
  #inFlight: Batch | undefined;
  #queuedBytes = 0;
  #state: State = { kind: "running" };
  #loop: Promise<void> | undefined;
  #applied: PriorSegment;
  #loggedBytes = 0;
  /** Monotonic ms of the last time record. */
  #timedAt = Number.NEGATIVE_INFINITY;
  /** Called when no start can find a refused record any more. */
  #keptForRefused: (() => void)[] = [];

  constructor(modules: GroupCommitModules, options: GroupCommitOptions) {
    this.#modules = modules;
    this.#applied = modules.writer.durable;
    this.#options = options;
    this.#buffers = new BatchBuffers(options.batchMaxBytes);
  }

  get failure(): FailureReason | undefined {
    return this.#state.kind === "failed" ? this.#state.reason : undefined;
  }

  /** Everything up to here is durable and has been told to those who waited for it. */
  get applied(): PriorSegment {
    return this.#applied;
  }

  /** Bytes written since the process started. */
  get loggedBytes(): number {
    return this.#loggedBytes;
  }

  /** Bytes that wait or are being written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Throws what `add` would throw for a record of this size, and does nothing else. */
  check(payloadLength: number): void {
    this.requireRunning();
    const { queueMaxBytes, queueMaxMs } = this.#options;
    // With nothing in flight it waits for the end of this turn only, and most appends come then: no look at the clock.
    const oldest = this.#inFlight === undefined ? undefined : this.#queue[0];
    const waitedMs = oldest === undefined ? 0 : this.#modules.clock.monotonicMs() - oldest.openedAt;
    const isTooMuch = this.#queuedBytes > 0 && this.#queuedBytes + recordBytes(payloadLength) > queueMaxBytes;
    if (!isTooMuch && waitedMs <= queueMaxMs) return;
    this.#modules.metrics.overloaded.add();
    throw new ServiceError("overloaded", "the log's disk does not keep up", {
      retryAfterMs: queueMaxMs,
      details: { queuedBytes: this.#queuedBytes, waitedMs: Math.round(waitedMs) },
    });
  }

  /** Throws `unavailable` if the log takes no writes now. */
  requireRunning(): void {
    if (this.#state.kind === "running") return;
    if (this.#state.kind === "failed") throw storageUnavailable(this.#state.reason);
    throw new ServiceError("unavailable", "the log is closed");
  }

  /** Queues a record. Throws `overloaded` or `unavailable` before anything has happened. */
  add(record: WalRecord, completion?: Completion): PlacedRecord {
    this.check(record.payload.length);
    return this.addUnchecked(record, completion);
  }

  /** For records that belong to one that was just checked. */
  addUnchecked(record: WalRecord, completion?: Completion): PlacedRecord {
    const batch = this.#batchFor(recordBytes(record.payload.length));
    const before = batch.length;
    const placed = batch.add(record, completion);
    this.#queuedBytes += batch.length - before;
    this.#loop ??= this.#run();
    return placed;
  }

  /** Queues an append that was just checked, and tells it where it stands. */
  addAppend(append: QueuedAppend, data: Uint8Array): void {
    const batch = this.#batchFor(recordBytes(data.length));
    const before = batch.length;
    batch.addAppend(append, data);
    this.#queuedBytes += batch.length - before;
    this.#loop ??= this.#run();
  }

  /**
   * Lets go of what a record refers to, now that the record has taken effect or was refused. A refused one may be on the
   * disk all the same, and the next start counts it, unless the log has gone on before: so what it refers to is kept until
   * a batch is durable whose segment says where the log had ended.
   */
  letGo(release: () => void): void {
    if (this.#state.kind === "failed") this.#keptForRefused.push(release);
    else release();
  }

  /** Makes the first segment ready. A full disk is no reason not to start: reads go on, and writes as soon as it has room. */
  async start(): Promise<void> {
    try {
      await this.#modules.writer.start();
    } catch (error) {
      const reason = failureReason(error);
      if (reason !== "disk_full") throw error;
      this.#state = { kind: "failed", reason };
      this.#modules.failed(reason, error);
    }
  }

  /** Takes writes again after a failure. Throws if the disk still refuses. */
  async resume(): Promise<void> {
    if (this.#state.kind !== "failed") return;
    await this.#modules.writer.restart();
    // Closed meanwhile.
    if (this.#state.kind === "failed") this.#state = { kind: "running" };
  }

  /** Writes what is queued and stops. */
  async close(): Promise<void> {
    if (this.#state.kind === "running") {
      this.#state = { kind: "closed" };
      await this.#loop;
      await this.#writeClosing();
    }
    this.#state = { kind: "closed" };
    await this.#loop;
    await this.#modules.writer.close();
  }

  #batchFor(bytes: number): Batch {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.length + bytes <= this.#options.batchMaxBytes) return last;
    if (last !== undefined) this.#modules.writer.settle(last);
    const { place, prior } = this.#modules.writer.nextPlace();
    const batch = new Batch(place, this.#modules.clock.monotonicMs(), this.#buffers.take());
    this.#queue.push(batch);
    if (prior !== undefined) this.#addOwn(batch, RecordType.prior, encodePrior(prior));
    if (prior !== undefined || batch.openedAt - this.#timedAt >= TIME_EVERY_MS) {
      this.#timedAt = batch.openedAt;
      this.#addOwn(batch, RecordType.time, encodeTime(this.#modules.clock.wallMs()));
    }
    return batch;
  }

  /** A record of the log itself, about no document. */
  #addOwn(batch: Batch, type: RecordType, payload: Buffer): void {
    const before = batch.length;
    batch.add({ type, documentId: 0, seq: 0, epoch: 0, span: 0, payload });
    this.#queuedBytes += batch.length - before;
  }

  async #run(): Promise<void> {
    for (;;) {
      // Lets the other callers of this turn in, above all those who were just answered.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const batch = this.#queue.shift();
      if (batch === undefined) break;
      if (this.#queue.length === 0) this.#modules.writer.settle(batch);
      this.#inFlight = batch;
      try {
        await this.#write(batch);
      } catch (error) {
        this.#fail(error);
        break;
      }
      this.#inFlight = undefined;
      this.#settle(batch);
    }
    this.#loop = undefined;
  }

  async #write(batch: Batch): Promise<void> {
    const { clock, metrics, pace, writer } = this.#modules;
    const startedAt = clock.monotonicMs();
    await writer.write(batch);
    const durationMs = clock.monotonicMs() - startedAt;
    pace.flushed(batch.length, durationMs);
    metrics.flushSeconds.observe(durationMs / 1000);
    metrics.flushRecords.observe(batch.completions.length);
    metrics.writtenBytes.add(batch.length);
  }

  /** The batch is durable. What a completion throws is a fault of ours and ends the process: memory is wrong then. */
  #settle(batch: Batch): void {
    this.#queuedBytes -= batch.length;
    this.#buffers.give(batch.buffer);
    batch.commit();
    if (this.#keptForRefused.length > 0) for (const release of this.#keptForRefused.splice(0)) release();
    this.#loggedBytes += batch.length;
    this.#applied = { segmentId: batch.place.segmentId, endOffset: batch.endOffset };
    if (batch.appends === 0) return;
    this.#modules.metrics.appends.add(batch.appends);
    this.#modules.metrics.appendedBytes.add(batch.appendedBytes);
  }

  #fail(error: unknown): void {
    const reason = failureReason(error);
    if (this.#state.kind === "running") this.#state = { kind: "failed", reason };
    const refused = this.#inFlight === undefined ? this.#queue : [this.#inFlight, ...this.#queue];
    this.#inFlight = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    const refusal = storageUnavailable(reason, error);
    for (const batch of refused) batch.fail(refusal);
    this.#modules.failed(reason, error);
  }

  /** Tells the next start that everything before was synced: a flaw before it is damage and no torn tail. */
  async #writeClosing(): Promise<void> {
    if (this.#modules.writer.isFresh) return;
    const payload = new Uint8Array(0);
    this.addUnchecked({ type: RecordType.closing, documentId: 0, seq: 0, epoch: 0, span: 0, payload });
    await this.#loop;
  }
}
