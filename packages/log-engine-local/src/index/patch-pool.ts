import type { PatchList } from "./patch-list.ts";

const CHUNK_NODES = 16 * 1024;
const NUMBERS = 2;
const WORDS = 2;
const LENGTH = 0;
const NEXT = 1;

/** The first and the last patch of a document at rest; 0 and 0: it has none. */
export interface PooledTail {
  readonly first: number;
  readonly last: number;
}

/**
 * The patches of documents at rest: lists in shared chunks of memory, 24 bytes a patch. A typed array for each such
 * document would cost more than the document itself.
 */
export class PatchPool {
  readonly #numbers: Float64Array[] = [];
  readonly #words: Uint32Array[] = [];
  /** Nodes that were given back, as a list. */
  #free = 0;
  /** Node 0 means none. */
  #next = 1;

  /** Puts copies of these patches behind the tail. */
  push(tail: PooledTail, patches: PatchList): PooledTail {
    let { first, last } = tail;
    for (let index = 0; index < patches.count; index++) {
      last = this.append(last, patches.seqAt(index), patches.locationAt(index), patches.lengthAt(index));
      if (first === 0) first = last;
    }
    return { first, last };
  }

  /** Puts one patch behind the last one of a tail, 0 if it is the first; returns its node. */
  append(last: number, seq: number, location: number, length: number): number {
    const node = this.#take();
    const at = node % CHUNK_NODES;
    const numbers = this.#numbers[(node / CHUNK_NODES) | 0]!;
    const words = this.#words[(node / CHUNK_NODES) | 0]!;
    numbers[at * NUMBERS] = seq;
    numbers[at * NUMBERS + 1] = location;
    words[at * WORDS + LENGTH] = length;
    words[at * WORDS + NEXT] = 0;
    if (last !== 0) this.#words[(last / CHUNK_NODES) | 0]![(last % CHUNK_NODES) * WORDS + NEXT] = node;
    return node;
  }

  /** Gives back the patches that lead to this seq or less, after `dropped` has seen each; returns what is left. */
  dropUpTo(tail: PooledTail, seq: number, dropped: (location: number, length: number) => void): PooledTail {
    let kept = tail.first;
    let last = 0;
    while (kept !== 0) {
      const at = kept % CHUNK_NODES;
      const numbers = this.#numbers[(kept / CHUNK_NODES) | 0]!;
      const words = this.#words[(kept / CHUNK_NODES) | 0]!;
      if (numbers[at * NUMBERS]! > seq) break;
      dropped(numbers[at * NUMBERS + 1]!, words[at * WORDS + LENGTH]!);
      last = kept;
      kept = words[at * WORDS + NEXT]!;
    }
    if (last !== 0) this.release({ first: tail.first, last });
    return { first: kept, last: kept === 0 ? 0 : tail.last };
  }

  copyTo(first: number, patches: PatchList): void {
    for (let node = first; node !== 0; ) {
      const at = node % CHUNK_NODES;
      const numbers = this.#numbers[(node / CHUNK_NODES) | 0]!;
      const words = this.#words[(node / CHUNK_NODES) | 0]!;
      patches.push(numbers[at * NUMBERS]!, numbers[at * NUMBERS + 1]!, words[at * WORDS + LENGTH]!);
      node = words[at * WORDS + NEXT]!;
    }
  }

  /** Whether a patch of the list stands at this place; `undefined`: it was not among the first `most`. */
  hasLocation(first: number, location: number, most: number): boolean | undefined {
    let left = most;
    for (let node = first; node !== 0; left--) {
      if (left === 0) return undefined;
      const at = node % CHUNK_NODES;
      if (this.#numbers[(node / CHUNK_NODES) | 0]![at * NUMBERS + 1] === location) return true;
      node = this.#words[(node / CHUNK_NODES) | 0]![at * WORDS + NEXT]!;
    }
    return false;
  }

  release(tail: PooledTail): void {
    if (tail.first === 0) return;
    this.#words[(tail.last / CHUNK_NODES) | 0]![(tail.last % CHUNK_NODES) * WORDS + NEXT] = this.#free;
    this.#free = tail.first;
  }

  #take(): number {
    if (this.#free !== 0) {
      const node = this.#free;
      this.#free = this.#words[(node / CHUNK_NODES) | 0]![(node % CHUNK_NODES) * WORDS + NEXT]!;
      return node;
    }
    const node = this.#next++;
    if (((node / CHUNK_NODES) | 0) >= this.#numbers.length) {
      this.#numbers.push(new Float64Array(CHUNK_NODES * NUMBERS));
      this.#words.push(new Uint32Array(CHUNK_NODES * WORDS));
    }
    return node;
  }
}
