import { ServiceError } from "./service-error.ts";

/** A first-in-first-out queue that refuses instead of growing. O(1) at both ends. */
export class BoundedQueue<Item> {
  readonly capacity: number;
  readonly #what: string;
  #items: (Item | undefined)[] = [];
  #head = 0;

  /** @param what names the queue in the error, e.g. `commands of a document`. */
  constructor(what: string, capacity: number) {
    this.#what = what;
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Throws `overloaded` when full. */
  push(item: Item): void {
    if (this.length >= this.capacity) {
      throw new ServiceError("overloaded", `too many ${this.#what} waiting`, { details: { queued: this.length } });
    }
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // Give the consumed half back; each item is moved at most once per halving.
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes everything, oldest first. */
  drain(): Item[] {
    const items = this.#items.slice(this.#head) as Item[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
