/** Documents that share a page. Small, because a page is written to a checkpoint in one piece, without a pause. */
export const PAGE_SHIFT = 10;
export const PAGE_DOCUMENTS = 1 << PAGE_SHIFT;
export const SLOT_MASK = PAGE_DOCUMENTS - 1;

/** Fields of 8 bytes, each a run of `PAGE_DOCUMENTS`; the numbers are where the runs begin. */
export const NumberField = {
  seq: 0,
  /** Where the history begins without a snapshot: 0, or the seq of the last deletion. */
  emptySeq: PAGE_DOCUMENTS,
  snapshotSeq: 2 * PAGE_DOCUMENTS,
  snapshotLocation: 3 * PAGE_DOCUMENTS,
  wakeAt: 4 * PAGE_DOCUMENTS,
} as const;
const NUMBER_FIELDS = 5;

/** Fields of 4 bytes. */
export const WordField = {
  /** Flags, 8 bits; type of the newest append, 8 bits; length of the key, 16 bits. */
  mixed: 0,
  epoch: PAGE_DOCUMENTS,
  /** In the table of owners; 0: none. */
  owner: 2 * PAGE_DOCUMENTS,
  /** In the table of spaces. */
  space: 3 * PAGE_DOCUMENTS,
  snapshotLength: 4 * PAGE_DOCUMENTS,
  appendEpoch: 5 * PAGE_DOCUMENTS,
  appendSpan: 6 * PAGE_DOCUMENTS,
  appendLength: 7 * PAGE_DOCUMENTS,
  appendCrc: 8 * PAGE_DOCUMENTS,
  keyOffset: 9 * PAGE_DOCUMENTS,
  /** Nodes in the pool of patches; not part of a checkpoint. */
  tailFirst: 10 * PAGE_DOCUMENTS,
  tailLast: 11 * PAGE_DOCUMENTS,
} as const;
const SAVED_WORD_FIELDS = 10;
const WORD_FIELDS = 12;

const NUMBER_BYTES = NUMBER_FIELDS * PAGE_DOCUMENTS * 8;
/** Bytes of a document in a checkpoint, its key apart. */
export const ROW_BYTES = NUMBER_FIELDS * 8 + SAVED_WORD_FIELDS * 4;

export const Flag = {
  isUsed: 1,
  isDeleted: 2,
  hasSnapshot: 4,
  hasWakeAt: 8,
  hasAppend: 16,
  isNameLogged: 32,
} as const;

const INITIAL_KEY_BYTES = 1024;

/**
 * A run of documents by id, one column per field: 88 bytes and the key for each, in two pieces of memory that hold
 * nothing for the garbage collector to follow (research/storage.md 3.9).
 */
export class DocumentPage {
  readonly numbers: Float64Array;
  readonly words: Uint32Array;
  #keys = new Uint8Array(0);
  #keyBytes = 0;

  constructor() {
    const buffer = new ArrayBuffer(NUMBER_BYTES + WORD_FIELDS * PAGE_DOCUMENTS * 4);
    this.numbers = new Float64Array(buffer, 0, NUMBER_FIELDS * PAGE_DOCUMENTS);
    this.words = new Uint32Array(buffer, NUMBER_BYTES);
  }

  /** The first rows, field by field, as they are in memory: little endian. */
  save(rows: number): Uint8Array {
    const target = new Uint8Array(rows * ROW_BYTES);
    let at = 0;
    for (const run of this.#runs(rows)) {
      target.set(run, at);
      at += run.length;
    }
    return target;
  }

  /** What `save` gave. */
  load(rows: number, source: Uint8Array): void {
    let at = 0;
    for (const run of this.#runs(rows)) {
      run.set(source.subarray(at, at + run.length));
      at += run.length;
    }
  }

  *#runs(rows: number): Generator<Uint8Array> {
    const { buffer } = this.numbers;
    for (let field = 0; field < NUMBER_FIELDS; field++) {
      yield new Uint8Array(buffer, field * PAGE_DOCUMENTS * 8, rows * 8);
    }
    for (let field = 0; field < SAVED_WORD_FIELDS; field++) {
      yield new Uint8Array(buffer, NUMBER_BYTES + field * PAGE_DOCUMENTS * 4, rows * 4);
    }
  }

  /** Every key of the page, one behind the other. */
  get keys(): Uint8Array {
    return this.#keys.subarray(0, this.#keyBytes);
  }

  setKeys(keys: Uint8Array): void {
    this.#keys = new Uint8Array(keys);
    this.#keyBytes = keys.length;
  }

  flags(slot: number): number {
    return this.words[WordField.mixed + slot]! & 0xff;
  }

  keyLength(slot: number): number {
    return this.words[WordField.mixed + slot]! >>> 16;
  }

  /** Keys are ASCII. */
  addKey(slot: number, key: string): void {
    const end = this.#keyBytes + key.length;
    if (end > this.#keys.length) {
      const grown = new Uint8Array(Math.max(end, INITIAL_KEY_BYTES, Math.ceil(this.#keys.length * 1.25)));
      grown.set(this.#keys.subarray(0, this.#keyBytes));
      this.#keys = grown;
    }
    for (let index = 0; index < key.length; index++) this.#keys[this.#keyBytes + index] = key.charCodeAt(index);
    this.words[WordField.keyOffset + slot] = this.#keyBytes;
    this.words[WordField.mixed + slot] = Flag.isUsed | (key.length << 16);
    this.#keyBytes = end;
  }

  key(slot: number): string {
    const start = this.words[WordField.keyOffset + slot]!;
    return Buffer.from(this.#keys.buffer, start, this.keyLength(slot)).toString("latin1");
  }

  hasKey(slot: number, key: string): boolean {
    const length = this.keyLength(slot);
    if (length !== key.length) return false;
    const start = this.words[WordField.keyOffset + slot]!;
    for (let index = 0; index < length; index++) if (this.#keys[start + index] !== key.charCodeAt(index)) return false;
    return true;
  }

  hashKey(slot: number, seed: number): number {
    const start = this.words[WordField.keyOffset + slot]!;
    const end = start + this.keyLength(slot);
    let hash = seed;
    for (let index = start; index < end; index++) hash = Math.imul(hash ^ this.#keys[index]!, 0x01000193);
    return mixed(hash);
  }

  /** The hashes of all rows in use, each under its id. */
  hashKeys(seed: number, target: Uint32Array, firstId: number): void {
    for (let slot = 0; slot < PAGE_DOCUMENTS; slot++) {
      if (this.flags(slot) !== 0)
        target[firstId + slot] = this.hashKey(slot, seed ^ this.words[WordField.space + slot]!);
    }
  }

  /** Below zero if the key of this slot is before the other's: the order of bytes, which is that of the text. */
  compareKey(slot: number, other: DocumentPage, otherSlot: number): number {
    const start = this.words[WordField.keyOffset + slot]!;
    const otherStart = other.words[WordField.keyOffset + otherSlot]!;
    const length = this.keyLength(slot);
    const otherLength = other.keyLength(otherSlot);
    const keys = this.#keys;
    const otherKeys = other.#keys;
    for (let index = 0; index < length && index < otherLength; index++) {
      const difference = keys[start + index]! - otherKeys[otherStart + index]!;
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }
}

/** The same for a key that is in no page yet. */
export function hashText(key: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

/** FNV leaves the low bits poorly mixed; this is the finish of MurmurHash3. */
function mixed(hash: number): number {
  let value = hash ^ (hash >>> 16);
  value = Math.imul(value, 0x85ebca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
