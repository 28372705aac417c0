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
  #shards: Uint32Array[] = emptyShards(INITIAL_SLOTS);
  readonly #counts = new Uint32Array(SHARDS);

  constructor(documents: KeyedDocuments) {
    this.#documents = documents;
  }

  /** Makes room for so many at once; before the first one is added. */
  reserve(count: number): void {
    let slots = INITIAL_SLOTS;
    // An eighth more than the mean, so that hardly any shard has to grow.
    while (slots * LOAD_MAX < (count / SHARDS) * 1.125) slots *= 2;
    this.#shards = emptyShards(slots);
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

function emptyShards(slots: number): Uint32Array[] {
  return Array.from({ length: SHARDS }, () => new Uint32Array(slots));
}

function place(slots: Uint32Array, hash: number, id: number): void {
  const mask = slots.length - 1;
  let at = (hash >>> 8) & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = id;
}
