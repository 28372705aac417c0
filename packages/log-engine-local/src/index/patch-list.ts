/** A patch as the index knows it: everything else is in the record itself. */
export interface PatchReference {
  /** The seq the patch leads to. */
  readonly seq: number;
  readonly location: number;
  /** Bytes of the payload. */
  readonly length: number;
}

const FIELDS = 3;
/** Shared by all empty lists, and never changed. */
const NO_FIELDS: number[] = [];
/** What was dropped is kept in front until it is this many numbers and more than half. */
const DROPPED_MAX = 192;

/**
 * The records of one document after its snapshot, by seq. All numbers in one plain array, which V8 keeps as doubles: a
 * typed array of this size is ten times dearer to make, and lists are made at every wake of a document.
 */
export class PatchList {
  #fields = NO_FIELDS;
  #start = 0;

  get count(): number {
    return (this.#fields.length - this.#start) / FIELDS;
  }

  push(seq: number, location: number, length: number): void {
    if (this.#fields === NO_FIELDS) this.#fields = [];
    this.#fields.push(seq, location, length);
  }

  seqAt(index: number): number {
    return this.#fields[this.#start + index * FIELDS]!;
  }

  locationAt(index: number): number {
    return this.#fields[this.#start + index * FIELDS + 1]!;
  }

  lengthAt(index: number): number {
    return this.#fields[this.#start + index * FIELDS + 2]!;
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

  /** Some of them as they are now, in one piece of memory: of very many, objects would stop everything for a while. */
  copy(from = 0, to = this.count): PatchList {
    const copied = new PatchList();
    const end = Math.min(to, this.count);
    if (end > from) copied.#fields = this.#fields.slice(this.#start + from * FIELDS, this.#start + end * FIELDS);
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
    this.#start += dropped.length * FIELDS;
    if (this.#start === this.#fields.length) {
      this.#fields = NO_FIELDS;
      this.#start = 0;
    } else if (this.#start > DROPPED_MAX && this.#start > this.#fields.length / 2) {
      this.#fields = this.#fields.slice(this.#start);
      this.#start = 0;
    }
    return dropped;
  }

  /** Gives the patch at this seq a new place. */
  move(seq: number, location: number): void {
    const index = this.indexAfter(seq) - 1;
    if (index >= 0 && this.seqAt(index) === seq) this.#fields[this.#start + index * FIELDS + 1] = location;
  }
}
