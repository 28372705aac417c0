import type { Clock, Random } from "@tidewire/foundation";

export interface TokenBucketOptions {
  readonly perSecond: number;
  readonly burst: number;
}

/** Refused callers are told to come back within this at the latest; the schedule of clients ends there too. */
const RETRY_AFTER_MAX_MS = 30_000;

/**
 * Lets `perSecond` pass, and `burst` at once after a pause. Those refused are given different times to return: each
 * refusal reserves the next place in the queue that would form, so that they do not all come back together.
 */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;
  #promisedUntil = 0;

  constructor(modules: { readonly clock: Clock; readonly random: Random }, options: TokenBucketOptions) {
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = modules.clock.monotonicMs();
  }

  /** Takes one token. `undefined`: taken; otherwise the milliseconds after which to try again. `slowdown` >= 1 divides the rate. */
  take(slowdown = 1): number | undefined {
    const now = this.#clock.monotonicMs();
    const perMs = this.#options.perSecond / 1_000 / slowdown;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + (now - this.#filledAt) * perMs);
    this.#filledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return undefined;
    }
    const nextTokenAt = now + (1 - this.#tokens) / perMs;
    this.#promisedUntil = Math.min(now + RETRY_AFTER_MAX_MS, Math.max(nextTokenAt, this.#promisedUntil + 1 / perMs));
    const waitMs = this.#promisedUntil - now;
    // The jitter keeps clients of several edges, whose queues look alike, apart.
    return Math.ceil(waitMs * (1 + 0.25 * this.#random.next()));
  }
}
