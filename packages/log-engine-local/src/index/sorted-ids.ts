/** Small enough that an insertion moves little, large enough that there are few chunks to search. */
const CHUNK_MAX = 512;

interface Chunk {
  readonly ids: Uint32Array;
  count: number;
}

/**
 * Ids in an order that is looked up elsewhere, as an array of sorted chunks: insertion and removal in O(log n + chunk),
 * iteration from any point, 4 to 8 bytes each. `compare` gives 0 only for the same id.
 */
export class SortedIds {
  readonly #compare: (a: number, b: number) => number;
  #chunks: Chunk[] = [];
  #size = 0;

  constructor(compare: (a: number, b: number) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  /** Nothing happens if it is there already. */
  add(id: number): void {
    if (this.#chunks.length === 0) {
      this.append(Uint32Array.of(id));
      return;
    }
    const at = Math.min(this.#chunkFor(id), this.#chunks.length - 1);
    const chunk = this.#chunks[at]!;
    const index = this.#indexIn(chunk, id);
    if (index < chunk.count && this.#compare(chunk.ids[index]!, id) === 0) return;
    this.#size++;
    if (chunk.count < CHUNK_MAX) {
      insert(chunk, index, id);
      return;
    }
    // Ids that come in order leave full chunks behind, others half full ones.
    const isLast = index === CHUNK_MAX && at === this.#chunks.length - 1;
    const kept = isLast ? CHUNK_MAX : CHUNK_MAX >>> 1;
    const next: Chunk = { ids: new Uint32Array(CHUNK_MAX), count: chunk.count - kept };
    next.ids.set(chunk.ids.subarray(kept, chunk.count));
    chunk.count = kept;
    this.#chunks.splice(at + 1, 0, next);
    if (index <= kept && !isLast) insert(chunk, index, id);
    else insert(next, index - kept, id);
  }

  delete(id: number): void {
    const at = this.#chunkFor(id);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = this.#indexIn(chunk, id);
    if (index === chunk.count || this.#compare(chunk.ids[index]!, id) !== 0) return;
    chunk.ids.copyWithin(index, index + 1, chunk.count);
    chunk.count--;
    this.#size--;
    if (chunk.count === 0) this.#chunks.splice(at, 1);
  }

  /** Ids in order, from the first that `isPast` accepts; `isPast` must be false up to a point and true after it. */
  *from(isPast: (id: number) => boolean): Generator<number> {
    const first = lowest(this.#chunks.length, (at) => isPast(lastOf(this.#chunks[at]!)));
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!;
      const start = at === first ? lowest(chunk.count, (index) => isPast(chunk.ids[index]!)) : 0;
      for (let index = start; index < chunk.count; index++) yield chunk.ids[index]!;
    }
  }

  /** All of them, copied at one moment. */
  copy(): Uint32Array {
    const ids = new Uint32Array(this.#size);
    let length = 0;
    for (const chunk of this.#chunks) {
      ids.set(chunk.ids.subarray(0, chunk.count), length);
      length += chunk.count;
    }
    return ids;
  }

  /** Puts ids that are in order behind everything that is here. */
  append(ids: Uint32Array): void {
    for (let start = 0; start < ids.length; start += CHUNK_MAX) {
      const piece = ids.subarray(start, start + CHUNK_MAX);
      const chunk: Chunk = { ids: new Uint32Array(CHUNK_MAX), count: piece.length };
      chunk.ids.set(piece);
      this.#chunks.push(chunk);
    }
    this.#size += ids.length;
  }

  /** The first chunk whose last id is not before `id`; one past the end if there is none. */
  #chunkFor(id: number): number {
    return lowest(this.#chunks.length, (at) => this.#compare(lastOf(this.#chunks[at]!), id) >= 0);
  }

  #indexIn(chunk: Chunk, id: number): number {
    return lowest(chunk.count, (index) => this.#compare(chunk.ids[index]!, id) >= 0);
  }
}

/** No chunk is ever empty. */
function lastOf(chunk: Chunk): number {
  return chunk.ids[chunk.count - 1]!;
}

function insert(chunk: Chunk, index: number, id: number): void {
  chunk.ids.copyWithin(index + 1, index, chunk.count);
  chunk.ids[index] = id;
  chunk.count++;
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
