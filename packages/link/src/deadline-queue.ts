import type { Clock, Timer } from "@tidewire/foundation";

/** Something that ends by itself when its time is over. */
export interface Expiring {
  /** Monotonic milliseconds. Must not change while queued. */
  readonly deadlineAt: number;
  /** Belongs to the queue; -1 while not queued. */
  queueIndex: number;
  expire(): void;
}

/**
 * Deadlines of many calls under one timer: a binary heap, because a timer per call would cost more than the call. Calls
 * mostly come in order of their deadlines, so that an insertion rarely moves anything.
 */
export class DeadlineQueue {
  readonly #clock: Clock;
  readonly #heap: Expiring[] = [];
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(entry: Expiring): void {
    entry.queueIndex = this.#heap.length;
    this.#heap.push(entry);
    this.#rise(entry.queueIndex);
    if (entry.deadlineAt < this.#timerAt) this.#arm();
  }

  /** Nothing happens if it is not queued. The timer stays as it is: it finds out when it fires. */
  remove(entry: Expiring): void {
    const index = entry.queueIndex;
    if (index < 0) return;
    entry.queueIndex = -1;
    const last = this.#heap.pop() as Expiring;
    if (last === entry) return;
    this.#place(last, index);
    this.#rise(index);
    this.#sink(last.queueIndex);
  }

  /** Forgets everything without expiring it. */
  clear(): void {
    for (const entry of this.#heap) entry.queueIndex = -1;
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.#timer?.cancel();
    const first = this.#heap[0];
    if (first === undefined) {
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#timerAt = first.deadlineAt;
    this.#timer = this.#clock.after(first.deadlineAt - this.#clock.monotonicMs(), () => this.#expireDue());
  }

  #expireDue(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonicMs();
    for (let first = this.#heap[0]; first !== undefined && first.deadlineAt <= now; first = this.#heap[0]) {
      this.remove(first);
      first.expire();
    }
    if (this.#timer === undefined) this.#arm();
  }

  #place(entry: Expiring, index: number): void {
    this.#heap[index] = entry;
    entry.queueIndex = index;
  }

  #rise(from: number): void {
    let index = from;
    const entry = this.#heap[index] as Expiring;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex] as Expiring;
      if (parent.deadlineAt <= entry.deadlineAt) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(entry, index);
  }

  #sink(from: number): void {
    let index = from;
    const entry = this.#heap[index] as Expiring;
    for (;;) {
      const leftIndex = 2 * index + 1;
      let child = this.#heap[leftIndex];
      if (child === undefined) break;
      const right = this.#heap[leftIndex + 1];
      const childIndex = right !== undefined && right.deadlineAt < child.deadlineAt ? leftIndex + 1 : leftIndex;
      child = this.#heap[childIndex] as Expiring;
      if (child.deadlineAt >= entry.deadlineAt) break;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(entry, index);
  }
}
