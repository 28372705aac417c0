/**
 * Things under way, by small numbers that are used again and again. Where thousands come and go in a second, a `Map` is
 * the wrong place: V8 renews its table every few changes, in the old generation once the map is there, and for what piles
 * up then it collects the whole heap. Beside the log's flushes that was the largest part of it.
 */
export class Slots<Item> {
  readonly #firstNumber: number;
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(firstNumber: number) {
    this.#firstNumber = firstNumber;
  }

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Returns the number by which it can be taken. */
  put(item: Item): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return this.#firstNumber + slot;
  }

  take(number: number): Item | undefined {
    const slot = number - this.#firstNumber;
    const item = this.#items[slot];
    if (item === undefined) return undefined;
    this.#items[slot] = undefined;
    this.#free.push(slot);
    return item;
  }

  /** In no order. */
  values(): Item[] {
    return this.#items.filter((item) => item !== undefined);
  }

  takeAll(): Item[] {
    const items = this.values();
    this.#items.length = 0;
    this.#free.length = 0;
    return items;
  }
}
