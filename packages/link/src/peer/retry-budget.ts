import type { Clock } from "@tidewire/foundation";

export interface RetryBudgetOptions {
  /** Retries that may happen at once. */
  readonly burst: number;
  /** Retries earned back per second. */
  readonly perSecond: number;
}

/** Enough to send everything again that a break caught in flight on a busy link, too little to keep a sick peer down. */
export const defaultRetryBudget: RetryBudgetOptions = { burst: 512, perSecond: 64 };

/** A token bucket for the retries towards one peer, so that its trouble is not multiplied by ours. */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #options: RetryBudgetOptions;
  #tokens: number;
  #filledAt: number;

  constructor(clock: Clock, options: RetryBudgetOptions = defaultRetryBudget) {
    this.#clock = clock;
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = clock.monotonicMs();
  }

  /** Takes one retry, or says no. */
  take(): boolean {
    const now = this.#clock.monotonicMs();
    const { burst, perSecond } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
