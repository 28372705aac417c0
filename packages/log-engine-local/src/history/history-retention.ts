import type { Clock } from "@tidewire/foundation";
import type { Segment } from "../index/segment-table.ts";

export interface HistoryOptions {
  /** How long a record stays readable after the last document that needed it does not any more. */
  readonly historyMs: number;
  /** Bytes of such records; beyond it those go first that were needed last the longest time ago. */
  readonly historyMaxBytes: number;
}

/** Decides which files stay for their dead records. */
export class HistoryRetention {
  readonly #clock: Clock;
  readonly #options: HistoryOptions;
  #keptBytes = 0;

  constructor(clock: Clock, options: HistoryOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Bytes of dead records that were kept at the last look. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Ids of the segments that stay. A full disk leaves no room for history. */
  kept(segments: readonly Segment[], isDiskFull: boolean): ReadonlySet<number> {
    const { historyMs, historyMaxBytes } = this.#options;
    const now = this.#clock.monotonicMs();
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
