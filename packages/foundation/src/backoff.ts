import type { Random } from "./random.ts";

export interface BackoffOptions {
  readonly initialMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** Each delay is multiplied by a uniform factor in [1 - spread, 1 + spread]. */
  readonly spread: number;
}

/** The schedule of PROTOCOL.md and DESIGN.md section 4: 1 s, doubling, cap 30 s, jitter 0.5-1.5; used by clients and links alike. */
export const defaultBackoff: BackoffOptions = { initialMs: 1_000, factor: 2, capMs: 30_000, spread: 0.5 };

/** Exponential backoff with jitter. One instance per peer; `reset` when the peer has proved to be well. */
export class Backoff {
  readonly #random: Random;
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(random: Random, options: BackoffOptions = defaultBackoff) {
    this.#random = random;
    this.#options = options;
  }

  /** Attempts since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  nextDelayMs(): number {
    const { initialMs, factor, capMs, spread } = this.#options;
    const base = Math.min(capMs, initialMs * factor ** Math.min(this.#attempt, 64));
    this.#attempt++;
    return base * (1 - spread + 2 * spread * this.#random.next());
  }

  reset(): void {
    this.#attempt = 0;
  }
}
