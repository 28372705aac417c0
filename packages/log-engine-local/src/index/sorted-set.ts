/** Small enough that an insertion moves little, large enough that there are few chunks to search. */
const CHUNK_MAX = 512;

/**
 * Items in order, as an array of sorted chunks: insertion and removal in O(log n + chunk), iteration from any point.
 * `compare` gives 0 only for the same item.
 */
export class SortedSet<Item> {
  readonly #compare: (a: Item, b: Item) => number;
  readonly #chunks: Item[][] = [];
  #size = 0;

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  /** Nothing happens if it is there already. */
  add(item: Item): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([item]);
      this.#size = 1;
      return;
    }
    const at = Math.min(this.#chunkFor(item), this.#chunks.length - 1);
    const chunk = this.#chunks[at]!;
    const index = this.#indexIn(chunk, item);
    if (index < chunk.length && this.#compare(chunk[index]!, item) === 0) return;
    chunk.splice(index, 0, item);
    this.#size++;
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(chunk.length >>> 1));
  }

  delete(item: Item): void {
    const at = this.#chunkFor(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = this.#indexIn(chunk, item);
    if (index === chunk.length || this.#compare(chunk[index]!, item) !== 0) return;
    chunk.splice(index, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** Items in order, from the first that `isPast` accepts; `isPast` must be false up to a point and true after it. */
  *from(isPast: (item: Item) => boolean): Generator<Item> {
    const first = lowest(this.#chunks.length, (at) => isPast(this.#chunks[at]!.at(-1)!));
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!;
      const start = at === first ? lowest(chunk.length, (index) => isPast(chunk[index]!)) : 0;
      for (let index = start; index < chunk.length; index++) yield chunk[index]!;
    }
  }

  /** The first chunk whose last item is not before `item`; one past the end if there is none. */
  #chunkFor(item: Item): number {
    return lowest(this.#chunks.length, (at) => this.#compare(this.#chunks[at]!.at(-1)!, item) >= 0);
  }

  #indexIn(chunk: readonly Item[], item: Item): number {
    return lowest(chunk.length, (index) => this.#compare(chunk[index]!, item) >= 0);
  }
}

/** The lowest number in [0, end] from which `holds` is true. */
function lowest(end: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
