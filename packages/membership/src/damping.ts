/** False alarms are forgotten one by one, each after this long without another. */
const FORGET_AFTER_MS = 600_000;
/** More doublings than this reach any sensible maximum. */
const DOUBLINGS_MAX = 16;

/**
 * How long a member that was wrongly declared dead waits before it takes work again. The counter lives with the member
 * and its result in the member's own record, so that all routing tables agree without timers of their own.
 */
export class Damping {
  readonly #baseMs: number;
  readonly #maxMs: number;
  #alarms = 0;
  #lastAlarmAt = 0;

  constructor(baseMs: number, maxMs: number) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
  }

  /** The wait for a member in good standing, or after the last alarm. */
  holdMs(now: number): number {
    this.#forget(now);
    return Math.min(this.#baseMs * 2 ** Math.min(this.#alarms, DOUBLINGS_MAX), this.#maxMs);
  }

  /** Counts a false alarm; returns the wait it costs: the first one costs the base. */
  alarm(now: number): number {
    const holdMs = this.holdMs(now);
    this.#alarms++;
    this.#lastAlarmAt = now;
    return holdMs;
  }

  #forget(now: number): void {
    const quiet = Math.floor((now - this.#lastAlarmAt) / FORGET_AFTER_MS);
    if (quiet <= 0 || this.#alarms === 0) return;
    this.#alarms = Math.max(0, this.#alarms - quiet);
    this.#lastAlarmAt += quiet * FORGET_AFTER_MS;
  }
}
