/** A patch as the index knows it: everything else is in the record itself. */
export interface PatchReference {
  /** The seq the patch leads to. */
  readonly seq: number;
  readonly location: number;
  /** Bytes of the payload. */
  readonly length: number;
}

const FIELDS = 3;
const CHUNK_SHIFT = 6;
/** Patches in a chunk. */
const CHUNK_PATCHES = 1 << CHUNK_SHIFT;
/** Shared by all empty lists, and never changed. */
const NO_CHUNKS: number[][] = [];

/**
 * The records of one document after its snapshot, by seq. The numbers are in plain arrays, which V8 keeps as doubles: a
 * typed array of this size is ten times dearer to make, and lists are made at every wake of a document. Several short ones
 * and not one long one: an array that grows is copied as a whole, mostly after it has got old, and half of the collector's
 * time beside 400,000 appends a second went into such copies.
 */
export class PatchList {
  #chunks = NO_CHUNKS;
  /** Of the first patch, and behind the last one, counted from the beginning of the first chunk. */
  #start = 0;
  #end = 0;

  get count(): number {
    return this.#end - this.#start;
  }

  push(seq: number, location: number, length: number): void {
    if (this.#chunks === NO_CHUNKS) this.#chunks = [];
    const chunk = this.#end >> CHUNK_SHIFT;
    if (chunk === this.#chunks.length) this.#chunks.push([]);
    this.#chunks[chunk]!.push(seq, location, length);
    this.#end++;
  }

  seqAt(index: number): number {
    return this.#field(index, 0);
  }

  locationAt(index: number): number {
    return this.#field(index, 1);
  }

  lengthAt(index: number): number {
    return this.#field(index, 2);
  }

  at(index: number): PatchReference | undefined {
    if (index < 0 || index >= this.count) return undefined;
    return { seq: this.seqAt(index), location: this.locationAt(index), length: this.lengthAt(index) };
  }

  /** Index of the first patch with a seq greater than this one. */
  indexAfter(seq: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.seqAt(middle) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The patch that leads to exactly this seq. */
  find(seq: number): PatchReference | undefined {
    const patch = this.at(this.indexAfter(seq) - 1);
    return patch?.seq === seq ? patch : undefined;
  }

  /** Some of them as they are now, without an object for each: of very many, those would stop everything for a while. */
  copy(from = 0, to = this.count): PatchList {
    const copied = new PatchList();
    const [start, end] = [this.#start + from, this.#start + Math.min(to, this.count)];
    if (end <= start) return copied;
    const first = start >> CHUNK_SHIFT;
    // What follows goes behind the last one, so nothing may stand there.
    const chunks = this.#chunks.slice(first, ((end - 1) >> CHUNK_SHIFT) + 1).map((chunk) => chunk.slice());
    chunks.at(-1)!.length = placeIn(end - 1) + FIELDS;
    copied.#chunks = chunks;
    copied.#start = start - first * CHUNK_PATCHES;
    copied.#end = end - first * CHUNK_PATCHES;
    return copied;
  }

  slice(from: number, to = this.count): PatchReference[] {
    const patches: PatchReference[] = [];
    for (let index = from; index < Math.min(to, this.count); index++) patches.push(this.at(index)!);
    return patches;
  }

  /** Drops the patches that lead to this seq or less. Returns those dropped. */
  dropUpTo(seq: number): PatchReference[] {
    const dropped = this.slice(0, this.indexAfter(seq));
    this.#start += dropped.length;
    const chunks = this.#start >> CHUNK_SHIFT;
    if (this.#start === this.#end) {
      this.#chunks = NO_CHUNKS;
      this.#start = 0;
      this.#end = 0;
    } else if (chunks > 0) {
      this.#chunks = this.#chunks.slice(chunks);
      this.#start -= chunks * CHUNK_PATCHES;
      this.#end -= chunks * CHUNK_PATCHES;
    }
    return dropped;
  }

  /** Gives the patch at this seq a new place. */
  move(seq: number, location: number): void {
    const index = this.indexAfter(seq) - 1;
    if (index < 0 || this.seqAt(index) !== seq) return;
    const at = this.#start + index;
    this.#chunks[at >> CHUNK_SHIFT]![placeIn(at) + 1] = location;
  }

  #field(index: number, field: number): number {
    const at = this.#start + index;
    return this.#chunks[at >> CHUNK_SHIFT]![placeIn(at) + field]!;
  }
}

/** Of the first number of a patch in its chunk. */
function placeIn(at: number): number {
  return (at & (CHUNK_PATCHES - 1)) * FIELDS;
}
