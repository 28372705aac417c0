import { Samples } from "./samples.ts";

/** The timer of Node is no finer; it is a part of every latency from the due time, about half of it in the median. */
export const TICK_MS = 1;

/**
 * Issues operation i at its time, t0 + i / rate, whatever became of the earlier ones: a system that stalls is not spared
 * the load of the stall. Operations that fell due while the process was busy are issued at once, and keep their due time.
 */
export class OpenLoop {
  readonly tickLateMs = new Samples();
  readonly #perMs: number;
  readonly #startedAt = performance.now();
  readonly #issue: (index: number, dueAt: number, tickAt: number) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #next = 0;
  #lastTickAt = this.#startedAt;

  /** @param issue also gets when the tick began that issues the operation; a clock read per operation would cost more. */
  constructor(perSecond: number, issue: (index: number, dueAt: number, tickAt: number) => void) {
    this.#perMs = perSecond / 1_000;
    this.#issue = issue;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get issued(): number {
    return this.#next;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.tickLateMs.add(now - this.#lastTickAt - TICK_MS);
    this.#lastTickAt = now;
    const due = Math.floor((now - this.#startedAt) * this.#perMs);
    for (; this.#next <= due; this.#next++) {
      this.#issue(this.#next, this.#startedAt + this.#next / this.#perMs, now);
    }
  }
}
