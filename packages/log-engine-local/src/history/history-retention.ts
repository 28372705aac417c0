import type { Segment } from "../index/segment-table.ts";
import type { LogTime } from "./log-time.ts";

export interface HistoryOptions {
  /** How long a record stays readable after the last document that needed it does not any more. */
  readonly historyMs: number;
  /** Bytes of such records; beyond it those go first that were needed last the longest time ago. */
  readonly historyMaxBytes: number;
}

/** Decides which files stay for their dead records. */
export class HistoryRetention {
  readonly #time: LogTime;
  readonly #options: HistoryOptions;
  #keptBytes = 0;

  constructor(time: LogTime, options: HistoryOptions) {
    this.#time = time;
    this.#options = options;
  }

  /** Bytes of dead records that were kept at the last look. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Ids of the segments that stay. A full disk leaves no room for history. */
  kept(segments: readonly Segment[], isDiskFull: boolean): ReadonlySet<number> {
    const { historyMs, historyMaxBytes } = this.#options;
    const now = this.#time.nowMs;
    const isRecent = ({ diedAt }: Segment): boolean => diedAt !== undefined && now - diedAt < historyMs;
    const newestFirst = isDiskFull
      ? []
      : segments.filter(isRecent).sort((a, b) => (b.diedAt as number) - (a.diedAt as number));
    const kept = new Set<number>();
    this.#keptBytes = 0;
    for (const segment of newestFirst) {
      const deadBytes = segment.sizeBytes - segment.liveBytes;
      if (this.#keptBytes + deadBytes > historyMaxBytes) break;
      this.#keptBytes += deadBytes;
      kept.add(segment.id);
    }
    return kept;
  }
}
