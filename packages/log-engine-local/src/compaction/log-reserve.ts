import type { SegmentIds } from "../files/segment-files.ts";
import type { SpareSegments } from "../files/spare-segments.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import type { GroupCommit } from "../wal/group-commit.ts";
import { failureReason } from "../wal/storage-failure.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { Pace } from "./pace.ts";

export interface LogReserveModules {
  readonly index: DocumentIndex;
  readonly commits: GroupCommit;
  readonly checkpointer: Checkpointer;
  readonly spares: SpareSegments;
  readonly ids: SegmentIds;
  readonly pace: Pace;
  readonly metrics: LocalLogMetrics;
}

/** What a checkpoint may have grown by since the last one, and what the file system needs for itself. */
const CHECKPOINT_FACTOR = 1.25;
/** Two are kept, and a start may need the log from the older one on. */
const CHECKPOINTS_KEPT = 2;

/**
 * Room that appends never get: spare segments, at least one and as many as a checkpoint needs. When the disk is full they
 * are given back, so that the checkpoints fit after which dead segments can go; the first of those take their place. So a
 * disk that the log itself has filled with what is dead by now needs no operator.
 */
export class LogReserve {
  readonly #modules: LogReserveModules;
  readonly #segmentBytes: number;
  /** The last attempt to make a spare failed: not tried again before something has gone. */
  #isRoomless = false;
  #isStopped = false;

  constructor(modules: LogReserveModules, segmentBytes: number) {
    this.#modules = modules;
    this.#segmentBytes = segmentBytes;
    modules.spares.reserve(segmentBytes);
  }

  /** Something is gone from the disk. */
  gainedRoom(): void {
    this.#isRoomless = false;
  }

  /** What is being made is given up. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Makes what is missing, one at a time. A store whose first segment is not full yet has nothing that could die. */
  async restock(): Promise<void> {
    const { index, commits, spares, ids, metrics, checkpointer } = this.#modules;
    if (index.segments.all("log").length < 2) return;
    spares.reserve(Math.max(this.#segmentBytes, checkpointer.lastBytes * CHECKPOINT_FACTOR));
    if (commits.failure !== undefined || this.#isRoomless || !spares.lacks(this.#segmentBytes)) return;
    try {
      await spares.make(ids.take(), this.#segmentBytes, (bytes, piece) => this.#run(bytes, piece));
      metrics.reserveBytes.add(this.#segmentBytes);
    } catch (error) {
      this.#isRoomless = true;
      if (failureReason(error) !== "disk_full" && !this.#isStopped) throw error;
    }
  }

  async #run<Result>(bytes: number, piece: () => Promise<Result>): Promise<Result> {
    if (this.#isStopped) throw new Error("the log is closed");
    return this.#modules.pace.run(bytes, piece);
  }

  /** Writes a checkpoint, with the room of the reserve if there is no other. */
  async checkpoint(): Promise<void> {
    const { checkpointer, spares } = this.#modules;
    try {
      await checkpointer.write();
    } catch (error) {
      if (failureReason(error) !== "disk_full" || !(await spares.release())) throw error;
      await checkpointer.write();
    }
  }

  /** On a full disk: the checkpoints that are needed so that what is dead can go, if anything is. */
  async relieve(): Promise<void> {
    for (let written = 0; written < CHECKPOINTS_KEPT && this.#isHeldBack(); written++) await this.checkpoint();
  }

  /** A start might still read a segment that nobody else needs. */
  #isHeldBack(): boolean {
    const { index, checkpointer, commits } = this.#modules;
    const { segmentId } = commits.applied;
    return index.segments.all("log").some(({ id, liveRecords, holds, isRetained }) => {
      if (liveRecords > 0 || holds > 0 || isRetained) return false;
      return id >= checkpointer.oldestNeededSegment && id < segmentId;
    });
  }
}
