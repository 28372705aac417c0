import { Samples } from "../shared/samples.ts";

export interface LatencyFigures {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** So many operations can be under way; a power of two. */
const SLOTS = 1 << 20;

/** Keeps of every operation when it was due, when it was sent, and what of it has not come yet. */
export class OperationLedger {
  readonly #dueAt = new Float64Array(SLOTS);
  readonly #sentAt = new Float64Array(SLOTS);
  readonly #missing = new Uint8Array(SLOTS);
  readonly #due = new Samples();
  readonly #service = new Samples();
  #windowFrom = Number.POSITIVE_INFINITY;
  #windowTo = Number.POSITIVE_INFINITY;
  #doneInWindow = 0;
  done = 0;

  /** The operation goes out; its answer and its delta are awaited. */
  sent(operation: number, dueAt: number, sentAt = performance.now()): void {
    const slot = operation % SLOTS;
    this.#dueAt[slot] = dueAt;
    this.#sentAt[slot] = sentAt;
    this.#missing[slot] = 2;
  }

  /** The answer of an operation came, or its delta. */
  arrived(operation: number): void {
    const slot = operation % SLOTS;
    const missing = this.#missing[slot]! - 1;
    this.#missing[slot] = missing;
    if (missing !== 0) return;
    this.done++;
    if (operation < this.#windowFrom || operation >= this.#windowTo) return;
    const now = performance.now();
    this.#doneInWindow++;
    this.#due.add(now - this.#dueAt[slot]!);
    this.#service.add(now - this.#sentAt[slot]!);
  }

  /** Operations from here on count. */
  openWindow(operation: number): void {
    this.#windowFrom = operation;
  }

  closeWindow(operation: number): void {
    this.#windowTo = operation;
  }

  get offered(): number {
    return this.#windowTo - this.#windowFrom;
  }

  get unanswered(): number {
    return this.offered - this.#doneInWindow;
  }

  /** What was not done yet enters with the time it has taken so far: overload must not look like speed. */
  latencies(): { readonly due: LatencyFigures; readonly service: LatencyFigures } {
    const now = performance.now();
    for (let operation = this.#windowFrom; operation < this.#windowTo; operation++) {
      const slot = operation % SLOTS;
      if (this.#missing[slot] === 0) continue;
      this.#due.add(now - this.#dueAt[slot]!);
      this.#service.add(now - this.#sentAt[slot]!);
    }
    return { due: figuresOf(this.#due), service: figuresOf(this.#service) };
  }
}

function figuresOf(samples: Samples): LatencyFigures {
  return { p50Ms: samples.percentile(0.5), p95Ms: samples.percentile(0.95), p99Ms: samples.percentile(0.99) };
}
