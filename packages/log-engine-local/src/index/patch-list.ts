/** A patch as the index knows it: everything else is in the record itself. */
export interface PatchReference {
  /** The seq the patch leads to. */
  readonly seq: number;
  readonly location: number;
  /** Bytes of the payload. */
  readonly length: number;
}

const FIELDS = 3;
const INITIAL_PATCHES = 4;
/** Most lists end at a snapshot after some dozens: doubling would leave a third of their memory unused. */
const GROWTH = 1.5;
/** Shared by all empty lists: an array of its own would be the largest part of a cold document. */
const NO_FIELDS = new Float64Array(0);

/**
 * The records of one document after its snapshot, by seq. Numbers in one typed array: 24 bytes a patch, and nothing for
 * the garbage collector to follow.
 */
export class PatchList {
  #fields = NO_FIELDS;
  #start = 0;
  #end = 0;

  get count(): number {
    return this.#end - this.#start;
  }

  push(seq: number, location: number, length: number): void {
    if (this.#end * FIELDS === this.#fields.length) this.#makeRoom();
    const at = this.#end * FIELDS;
    this.#fields[at] = seq;
    this.#fields[at + 1] = location;
    this.#fields[at + 2] = length;
    this.#end++;
  }

  seqAt(index: number): number {
    return this.#fields[(this.#start + index) * FIELDS]!;
  }

  locationAt(index: number): number {
    return this.#fields[(this.#start + index) * FIELDS + 1]!;
  }

  lengthAt(index: number): number {
    return this.#fields[(this.#start + index) * FIELDS + 2]!;
  }

  at(index: number): PatchReference | undefined {
    if (index < 0 || index >= this.count) return undefined;
    const at = (this.#start + index) * FIELDS;
    return { seq: this.#fields[at]!, location: this.#fields[at + 1]!, length: this.#fields[at + 2]! };
  }

  /** Index of the first patch with a seq greater than this one. */
  indexAfter(seq: number): number {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#fields[middle * FIELDS]! > seq) high = middle;
      else low = middle + 1;
    }
    return low - this.#start;
  }

  /** The patch that leads to exactly this seq. */
  find(seq: number): PatchReference | undefined {
    const patch = this.at(this.indexAfter(seq) - 1);
    return patch?.seq === seq ? patch : undefined;
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
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      this.#fields = NO_FIELDS;
    }
    return dropped;
  }

  /** Gives the patch at this seq a new place. */
  move(seq: number, location: number): void {
    const index = this.indexAfter(seq) - 1;
    if (this.at(index)?.seq === seq) this.#fields[(this.#start + index) * FIELDS + 1] = location;
  }

  #makeRoom(): void {
    const grown = new Float64Array(Math.max(INITIAL_PATCHES, Math.ceil(this.count * GROWTH)) * FIELDS);
    grown.set(this.#fields.subarray(this.#start * FIELDS, this.#end * FIELDS));
    this.#fields = grown;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
