/** Something to be done at a time; cancelling is cheap. */
export interface Deadline {
  readonly at: number;
  cancel(): void;
}

interface Entry {
  at: number;
  order: number;
  isCancelled: boolean;
  readonly run: () => void;
}

/** All timers of one engine, so that the outside needs a single one. A binary heap by (time, order of arming). */
export class Deadlines {
  readonly #heap: Entry[] = [];
  #order = 0;
  #cancelled = 0;

  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** The earliest deadline, `Infinity` if there is none. */
  nextAt(): number {
    this.#dropCancelledTop();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  arm(at: number, run: () => void): Deadline {
    const entry: Entry = { at, order: this.#order++, isCancelled: false, run };
    this.#push(entry);
    return {
      at,
      cancel: () => {
        if (entry.isCancelled) return;
        entry.isCancelled = true;
        this.#cancelled++;
        // Long suspicions that are refuted early would pile up otherwise.
        if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
      },
    };
  }

  /** Runs what is due, also what gets due meanwhile at or before `now`. */
  runDue(now: number): void {
    for (;;) {
      this.#dropCancelledTop();
      const top = this.#heap[0];
      if (top === undefined || top.at > now) return;
      this.#pop();
      // Cancelling what has run must not count.
      top.isCancelled = true;
      top.run();
    }
  }

  #dropCancelledTop(): void {
    while (this.#heap[0]?.isCancelled === true) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #compact(): void {
    const kept = this.#heap.filter((entry) => !entry.isCancelled).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#heap.length = 0;
    // A sorted array is a heap.
    this.#heap.push(...kept);
    this.#cancelled = 0;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
