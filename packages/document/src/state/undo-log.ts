/** Something that can take back a change, or make it final. `code` is its own: a field's index, or which operation. */
export interface Undoable {
  undo(code: number, old: unknown): void;
  /** Stamps what changed with `seq`. Returns whether anything did: a value that is back where it was has not changed. */
  commit(code: number, old: unknown, seq: number): boolean;
}

/** Beyond this a large transaction's memory is given back. */
const keptLengthMax = 256;

/**
 * What a transaction did, in order. An entry is pushed before the write it describes, so that a stop at any moment leaves
 * nothing that cannot be taken back.
 */
export class UndoLog {
  /** Target, code and old value, one after the other: one array to look into, and to grow. */
  readonly #entries: unknown[] = [];
  /** The array keeps its length, because giving it back costs more than a small transaction. */
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(target: Undoable, code: number, old: unknown): void {
    const entries = this.#entries;
    const at = this.#length * 3;
    entries[at] = target;
    entries[at + 1] = code;
    entries[at + 2] = old;
    this.#length++;
  }

  /** Takes back everything after the first `length` entries, last first. */
  undoTo(length: number): void {
    const entries = this.#entries;
    for (let index = this.#length - 1; index >= length; index--) {
      (entries[index * 3] as Undoable).undo(entries[index * 3 + 1] as number, entries[index * 3 + 2]);
    }
    this.#truncate(length);
  }

  commit(seq: number): boolean {
    const entries = this.#entries;
    const end = this.#length * 3;
    let hasChanged = false;
    for (let at = 0; at < end; at += 3) {
      if ((entries[at] as Undoable).commit(entries[at + 1] as number, entries[at + 2], seq)) hasChanged = true;
    }
    this.#truncate(0);
    return hasChanged;
  }

  #truncate(length: number): void {
    const entries = this.#entries;
    // Nothing that was removed is kept alive by it.
    for (let at = length * 3; at < this.#length * 3; at += 3) {
      entries[at] = undefined;
      entries[at + 2] = undefined;
    }
    this.#length = length;
    if (entries.length > keptLengthMax * 3 && length <= keptLengthMax) entries.length = length * 3;
  }
}
