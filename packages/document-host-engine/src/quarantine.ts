import type { Clock } from "@tidewire/foundation";

export interface QuarantineOptions {
  readonly runawaysMax: number;
  readonly runawayWindowMs: number;
  readonly quarantineMs: number;
}

interface Record {
  strikes: number;
  windowEndsAt: number;
  until: number;
}

/** Records kept; the oldest ones go first. */
const RECORDS_MAX = 1_024;

/** Documents whose code keeps running away, or cannot even be opened, are left alone for a while. Outlives their copies. */
export class Quarantine {
  readonly #clock: Clock;
  readonly #options: QuarantineOptions;
  readonly #records = new Map<string, Record>();

  constructor(clock: Clock, options: QuarantineOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Returns whether the document is in quarantine from now on. */
  strike(path: string): boolean {
    const now = this.#clock.monotonicMs();
    const known = this.#records.get(path);
    const record =
      known !== undefined && now < known.windowEndsAt
        ? known
        : { strikes: 0, windowEndsAt: now + this.#options.runawayWindowMs, until: 0 };
    this.#records.delete(path);
    this.#records.set(path, record);
    if (this.#records.size > RECORDS_MAX) this.#records.delete(this.#records.keys().next().value as string);
    record.strikes++;
    if (record.strikes >= this.#options.runawaysMax) record.until = now + this.#options.quarantineMs;
    return record.until > now;
  }

  /** 0 when the document is not in quarantine. */
  remainingMs(path: string): number {
    const record = this.#records.get(path);
    return record === undefined ? 0 : Math.max(0, record.until - this.#clock.monotonicMs());
  }
}
