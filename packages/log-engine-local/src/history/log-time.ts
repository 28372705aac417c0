import type { Clock } from "@tidewire/foundation";

/**
 * The time by which records age, ms. It begins at the wall clock, or at the newest time the log has noted if the clock has
 * been set back since, and goes on steadily: nothing is let go of early because of a clock that is set, and nothing stays
 * for ever because it was noted by one that was ahead. What it cannot see is a clock that is ahead at a start.
 */
export class LogTime {
  readonly #clock: Clock;
  /** Of this time at monotonic 0. */
  readonly #origin: number;
  /** At the start the wall clock stood before what the log had noted. */
  readonly isClockBehind: boolean;

  /** @param notedMs the newest time in what was read back, if there is any */
  constructor(clock: Clock, notedMs: number | undefined) {
    const wallMs = clock.wallMs();
    this.#clock = clock;
    this.isClockBehind = notedMs !== undefined && notedMs > wallMs;
    this.#origin = Math.max(wallMs, notedMs ?? wallMs) - clock.monotonicMs();
  }

  get nowMs(): number {
    return this.#origin + this.#clock.monotonicMs();
  }
}
