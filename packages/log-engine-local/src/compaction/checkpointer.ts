import type { CheckpointHead, LogPosition } from "../checkpoint/checkpoint-format.ts";
import { type CheckpointModules, writeCheckpoint } from "../checkpoint/write-checkpoint.ts";
import { checkpointIdOfName } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import type { FileRemoval } from "./file-removal.ts";

/** The newest one, and the one before it in case the newest turns out to be damaged. */
const KEPT = 2;

export interface CheckpointerModules extends CheckpointModules {
  readonly index: DocumentIndex;
  readonly storeId: string;
  readonly metrics: LocalLogMetrics;
  readonly removal: FileRemoval;
  /** The log up to here is applied to the index. */
  readonly appliedPosition: () => LogPosition;
  /** Bytes the log has grown by since the process started. */
  readonly loggedBytes: () => number;
  /** The time of the log. */
  readonly nowMs: () => number;
}

export interface CheckpointerState {
  /** Whole ones, oldest first. */
  readonly checkpoints: readonly { readonly id: number; readonly position: LogPosition }[];
  readonly highestId: number;
  readonly lastBytes: number;
  /** Bytes of log after the newest one. */
  readonly replayedBytes: number;
  /** The times in the log are ahead of the clock: how long this process runs counts from the next checkpoint on only. */
  readonly isClockBehind: boolean;
}

/** Keeps the start short: writes the index down when the log has grown enough since the last time. */
export class Checkpointer {
  readonly #modules: CheckpointerModules;
  readonly #everyBytes: number;
  #kept: { readonly id: number; readonly position: LogPosition }[];
  #highestId: number;
  #lastBytes: number;
  /** `loggedBytes` at the last checkpoint; below zero for what an earlier process left to replay. */
  #loggedAtLast: number;
  #isClockBehind: boolean;

  constructor(modules: CheckpointerModules, state: CheckpointerState, everyBytes: number) {
    this.#modules = modules;
    this.#everyBytes = everyBytes;
    this.#kept = [...state.checkpoints];
    this.#highestId = state.highestId;
    this.#lastBytes = state.lastBytes;
    this.#loggedAtLast = -state.replayedBytes;
    this.#isClockBehind = state.isClockBehind;
  }

  /** Of the newest one; 0 if there is none. */
  get lastBytes(): number {
    return this.#lastBytes;
  }

  get newestId(): number | undefined {
    return this.#kept.at(-1)?.id;
  }

  /** Log segments below this are never read at a start, not even if the newest checkpoint is damaged. */
  get oldestNeededSegment(): number {
    return this.#kept.length < KEPT ? 0 : (this.#kept[0]?.position.segmentId ?? 0);
  }

  /** Bytes a start would have to replay now. */
  get unsavedBytes(): number {
    return this.#modules.loggedBytes() - this.#loggedAtLast;
  }

  /** Large checkpoints are written less often, so that they never cost more than half of what the log itself writes. */
  get isDue(): boolean {
    return this.#isClockBehind || this.unsavedBytes >= Math.max(this.#everyBytes, 2 * this.#lastBytes);
  }

  async write(): Promise<void> {
    const { index, storeId, metrics, appliedPosition, loggedBytes, nowMs } = this.#modules;
    const logged = loggedBytes();
    const head: CheckpointHead = {
      id: ++this.#highestId,
      storeId,
      position: appliedPosition(),
      documents: index.count,
      atMs: nowMs(),
    };
    this.#lastBytes = await writeCheckpoint(this.#modules, head, index);
    this.#loggedAtLast = logged;
    this.#isClockBehind = false;
    this.#kept = [...this.#kept, head].slice(-KEPT);
    metrics.checkpoints.add();
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    const { fileSystem, layout, removal } = this.#modules;
    const kept = new Set(this.#kept.map(({ id }) => id));
    for (const name of await fileSystem.list(layout.checkpoints)) {
      const id = checkpointIdOfName(name);
      // Anything else is a draft that was never finished.
      if (id !== undefined && kept.has(id)) continue;
      await removal.remove(layout.checkpoints, name);
    }
  }
}
