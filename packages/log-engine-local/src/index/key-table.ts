/** What the table asks about a document whose id it holds. */
export interface KeyedDocuments {
  hashOf(id: number): number;
}

/** Each grows by itself: making a table of millions larger in one go would stop everything for a tenth of a second. */
const SHARDS = 256;
const INITIAL_SLOTS = 16;
const LOAD_MAX = 0.7;

/** Ids by the hash of their names: 6 to 12 bytes a document. Nothing is ever taken out, as no id ever ends. */
export class KeyTable {
  readonly #documents: KeyedDocuments;
  readonly #shards: Uint32Array[] = Array.from({ length: SHARDS }, () => new Uint32Array(INITIAL_SLOTS));
  readonly #counts = new Uint32Array(SHARDS);

  constructor(documents: KeyedDocuments) {
    this.#documents = documents;
  }

  /**
   * Takes over all documents at once, by the hashes of their ids; the table must be empty. Shard by shard, so that each is
   * filled while it is in the processor's cache: a table of millions is larger than that.
   */
  build(hashes: Uint32Array, isUsed: (id: number) => boolean): void {
    const ends = new Uint32Array(SHARDS);
    for (let id = 1; id < hashes.length; id++) if (isUsed(id)) this.#counts[hashes[id]! % SHARDS]!++;
    for (let shard = 0, end = 0; shard < SHARDS; shard++) {
      ends[shard] = end;
      end += this.#counts[shard]!;
    }
    // Hash and id side by side: looking the hash up by its id again would miss the cache for every document.
    const pairs = new Uint32Array(2 * (ends[SHARDS - 1]! + this.#counts[SHARDS - 1]!));
    for (let id = 1; id < hashes.length; id++) {
      if (!isUsed(id)) continue;
      const hash = hashes[id]!;
      const at = 2 * ends[hash % SHARDS]!++;
      pairs[at] = hash;
      pairs[at + 1] = id;
    }
    for (let shard = 0; shard < SHARDS; shard++) {
      const end = ends[shard]!;
      const slots = new Uint32Array(slotsFor(this.#counts[shard]!));
      for (let at = end - this.#counts[shard]!; at < end; at++) place(slots, pairs[2 * at]!, pairs[2 * at + 1]!);
      this.#shards[shard] = slots;
    }
  }

  /** The id that stands under this hash and that `matches`, or 0. */
  find(hash: number, matches: (id: number) => boolean): number {
    const slots = this.#shards[hash % SHARDS]!;
    const mask = slots.length - 1;
    for (let at = (hash >>> 8) & mask; ; at = (at + 1) & mask) {
      const id = slots[at]!;
      if (id === 0 || matches(id)) return id;
    }
  }

  add(hash: number, id: number): void {
    const shard = hash % SHARDS;
    let slots = this.#shards[shard]!;
    if (++this.#counts[shard]! > slots.length * LOAD_MAX) slots = this.#grow(shard);
    place(slots, hash, id);
  }

  #grow(shard: number): Uint32Array {
    const grown = new Uint32Array(this.#shards[shard]!.length * 2);
    for (const id of this.#shards[shard]!) if (id !== 0) place(grown, this.#documents.hashOf(id), id);
    this.#shards[shard] = grown;
    return grown;
  }
}

function slotsFor(count: number): number {
  let slots = INITIAL_SLOTS;
  // An eighth more, so that what comes next makes hardly any shard grow.
  while (slots * LOAD_MAX < count * 1.125) slots *= 2;
  return slots;
}

function place(slots: Uint32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  let at = (hash >>> 8) & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = id;
}
