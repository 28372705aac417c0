import type { Clock, Logger, Timer } from "@tidewire/foundation";
import type { RecordReader } from "../files/record-reader.ts";
import type { SegmentFiles } from "../files/segment-files.ts";
import type { SpareSegments } from "../files/spare-segments.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { HistoryRetention } from "../history/history-retention.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { Segment } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import type { GroupCommit } from "../wal/group-commit.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { DeletionExpiry } from "./deletion-expiry.ts";
import type { FileRemoval } from "./file-removal.ts";
import type { LogReserve } from "./log-reserve.ts";
import type { Pace } from "./pace.ts";
import type { SegmentMover } from "./segment-mover.ts";

export interface CompactorModules {
  readonly index: DocumentIndex;
  readonly files: SegmentFiles;
  readonly spares: SpareSegments;
  readonly reserve: LogReserve;
  readonly reader: RecordReader;
  readonly commits: GroupCommit;
  readonly checkpointer: Checkpointer;
  readonly mover: SegmentMover;
  readonly retention: HistoryRetention;
  readonly deletions: DeletionExpiry;
  readonly removal: FileRemoval;
  readonly layout: StoreLayout;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LocalLogMetrics;
}

export interface CompactorOptions {
  readonly everyMs: number;
  /** Share of a segment that is needed, below which the rest of it is moved out. */
  readonly liveShare: number;
}

/** At the end of a process a checkpoint is only worth its time if the next start would read more than this. */
const FINAL_CHECKPOINT_BYTES = 1024 * 1024;

/**
 * The background: checkpoints, removal of files nobody needs, and moving the few needed records out of files that are
 * mostly dead. It puts nothing on the path of appends but short references, syncs in small pieces, and is paced.
 */
export class Compactor {
  readonly #modules: CompactorModules;
  readonly #options: CompactorOptions;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #isStopped = false;
  /** Segments with records that cannot be moved, because they are damaged. */
  readonly #stuck = new Set<number>();

  constructor(modules: CompactorModules, options: CompactorOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#timer = this.#modules.clock.after(this.#options.everyMs, () => {
      void this.round(false).finally(() => this.start());
    });
  }

  /** One round. A round under way is waited for first. Failures of the disk are logged and tried again next time. */
  round(withCheckpoint: boolean): Promise<void> {
    return this.#next(() => this.#work(withCheckpoint));
  }

  /** The log has stopped because the disk is full: what is dead goes, also if that takes a checkpoint first. */
  relieve(): Promise<void> {
    return this.#next(async () => {
      await this.#modules.reserve.relieve();
      await this.#removeDead();
    });
  }

  async #next(work: () => Promise<void>): Promise<void> {
    while (this.#round !== undefined) await this.#round;
    if (this.#isStopped) return;
    this.#round = work()
      .catch((error: unknown) => {
        this.#modules.logger.warn({ err: error }, "background work on the log failed; it is tried again");
      })
      .finally(() => {
        this.#round = undefined;
      });
    await this.#round;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#modules.pace.stop();
    this.#modules.mover.stop();
    this.#modules.reserve.stop();
    await this.#round;
  }

  /** After the last write of the process. */
  async finalCheckpoint(): Promise<void> {
    const { checkpointer, commits, logger } = this.#modules;
    if (commits.failure !== undefined || checkpointer.unsavedBytes < FINAL_CHECKPOINT_BYTES) return;
    await checkpointer.write().catch((error: unknown) => {
      logger.warn({ err: error }, "no last checkpoint; the next start takes longer");
    });
  }

  async #work(withCheckpoint: boolean): Promise<void> {
    const { checkpointer, commits, reserve } = this.#modules;
    this.#measure();
    const isDue = withCheckpoint || checkpointer.isDue;
    let failure: unknown;
    if (isDue) await reserve.checkpoint().catch((error: unknown) => (failure = error));
    // Also when there was no room for the checkpoint: this is what makes room.
    await this.#removeDead();
    if (failure !== undefined) throw failure as Error;
    await reserve.restock();
    // Moving needs the log for its references, and so does letting go.
    if (commits.failure !== undefined) return;
    await this.#modules.deletions.round();
    const sparse = this.#sparsest();
    if (sparse === undefined) return;
    await this.#modules.mover.moveOut(sparse);
    if (sparse.liveRecords > 0) this.#stuck.add(sparse.id);
    await this.#removeDead();
  }

  async #removeDead(): Promise<void> {
    const { index, reader, metrics, spares, commits } = this.#modules;
    spares.isTight = commits.failure === "disk_full";
    const history = this.#history();
    for (const segment of [...index.segments.all("log"), ...index.segments.all("snapshots")]) {
      if (this.#isStopped) return;
      if (segment.liveRecords > 0 || segment.holds > 0 || segment.isRetained || !this.#isSettled(segment)) continue;
      if (history.has(segment.id)) continue;
      index.segments.remove(segment.id);
      await reader.forget(segment.id);
      await this.#letGo(segment);
      metrics.removedSegments.add(1, { kind: segment.kind });
      this.#modules.reserve.gainedRoom();
    }
  }

  async #letGo({ kind, id, isSpoilt }: Segment): Promise<void> {
    const { files, layout, pace, removal } = this.#modules;
    if (isSpoilt) return pace.run(0, () => files.remove(kind, id));
    if (await pace.run(0, () => files.keep(kind, id))) return;
    await removal.remove(layout.segments(kind), layout.segmentName(kind, id));
  }

  /** The segment with the smallest share of needed bytes, if that is small enough. */
  #sparsest(): Segment | undefined {
    const { segments } = this.#modules.index;
    const shareOf = (segment: Segment): number => segment.liveBytes / Math.max(1, segment.sizeBytes);
    // What stays for its history anyway frees nothing by being moved.
    const history = this.#history();
    let sparsest: Segment | undefined;
    for (const segment of [...segments.all("log"), ...segments.all("snapshots")]) {
      if (segment.holds > 0 || segment.liveRecords === 0 || !this.#isSettled(segment)) continue;
      if (history.has(segment.id) || this.#stuck.has(segment.id) || shareOf(segment) >= this.#options.liveShare)
        continue;
      if (sparsest === undefined || shareOf(segment) < shareOf(sparsest)) sparsest = segment;
    }
    return sparsest;
  }

  #history(): ReadonlySet<number> {
    const { index, retention, commits } = this.#modules;
    const settled = [...index.segments.all("log"), ...index.segments.all("snapshots")].filter(
      (segment) => segment.holds === 0 && this.#isSettled(segment),
    );
    return retention.kept(settled, commits.failure === "disk_full");
  }

  /** A log segment is also read at a start, unless every checkpoint that may be used is newer. */
  #isSettled(segment: Segment): boolean {
    return segment.kind === "snapshots" || segment.id < this.#modules.checkpointer.oldestNeededSegment;
  }

  #measure(): void {
    const { index, metrics, commits, spares } = this.#modules;
    metrics.spareBytes.set(spares.bytes);
    metrics.documents.set(index.count);
    metrics.activeDocuments.set(index.activeCount);
    metrics.damagedDocuments.set(index.damagedCount);
    metrics.queuedBytes.set(commits.queuedBytes);
    metrics.deletionBytes.set(index.deletionBytes);
    metrics.historyBytes.set(this.#modules.retention.keptBytes);
    for (const kind of ["log", "snapshots"] as const) {
      const segments = index.segments.all(kind);
      metrics.diskBytes.set(
        sum(segments, (segment) => segment.sizeBytes),
        { kind },
      );
      metrics.liveBytes.set(
        sum(segments, (segment) => segment.liveBytes),
        { kind },
      );
    }
  }
}

function sum(segments: readonly Segment[], value: (segment: Segment) => number): number {
  return segments.reduce((total, segment) => total + value(segment), 0);
}
