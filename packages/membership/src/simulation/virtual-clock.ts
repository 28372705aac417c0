import type { Clock, Timer } from "@tidewire/foundation";
import { Deadlines } from "../deadlines.ts";

/** A clock that moves only when told to, with a heap behind it: a run may arm millions of timers. */
export class VirtualClock implements Clock {
  readonly #deadlines = new Deadlines();
  readonly #wallOffsetMs: number;
  #nowMs = 0;

  constructor(options: { readonly wallMs?: number } = {}) {
    this.#wallOffsetMs = options.wallMs ?? 1_700_000_000_000;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#deadlines.arm(this.#nowMs + Math.max(0, delayMs), callback);
  }

  /** Moves time forward, firing in order of due time, then of arming. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    for (let next = this.#deadlines.nextAt(); next <= until; next = this.#deadlines.nextAt()) {
      this.#nowMs = Math.max(this.#nowMs, next);
      this.#deadlines.runDue(this.#nowMs);
    }
    this.#nowMs = until;
  }
}
