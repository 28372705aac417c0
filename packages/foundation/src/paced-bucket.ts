import type { Clock, Timer } from "./clock.ts";

export interface BucketRate {
  readonly perSecond: number;
  /** What may be taken at once after a pause. */
  readonly burst: number;
}

/**
 * A token bucket that lets its takers wait, in the order of their coming. The rate may be another one each time. Who waits
 * is bounded by the takers: each has one `take` under way.
 */
export class PacedBucket {
  readonly #clock: Clock;
  /** When what was taken so far is paid for; in the past there is a burst to spend. */
  #freeAt = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Map<Timer, () => void>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when this many may be used. */
  async take(amount: number, { perSecond, burst }: BucketRate): Promise<void> {
    const now = this.#clock.monotonicMs();
    const startAt = Math.max(this.#freeAt, now - (burst / perSecond) * 1_000);
    this.#freeAt = startAt + (amount / perSecond) * 1_000;
    if (startAt <= now || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(startAt - now, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, resolve);
    });
  }

  /** Lets everyone go who waits, and nobody wait any more. */
  stop(): void {
    this.#isStopped = true;
    for (const [timer, resolve] of this.#waiting) {
      timer.cancel();
      resolve();
    }
    this.#waiting.clear();
  }
}
