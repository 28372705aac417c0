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
  readonly #targets: (Undoable | undefined)[] = [];
  readonly #codes: number[] = [];
  readonly #olds: unknown[] = [];
  /** The arrays keep their length, because giving it back costs more than a small transaction. */
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(target: Undoable, code: number, old: unknown): void {
    const at = this.#length;
    this.#targets[at] = target;
    this.#codes[at] = code;
    this.#olds[at] = old;
    this.#length = at + 1;
  }

  /** Takes back everything after the first `length` entries, last first. */
  undoTo(length: number): void {
    for (let index = this.#length - 1; index >= length; index--) {
      this.#targets[index]!.undo(this.#codes[index]!, this.#olds[index]);
    }
    this.#truncate(length);
  }

  commit(seq: number): boolean {
    const targets = this.#targets;
    let hasChanged = false;
    for (let index = 0; index < this.#length; index++) {
      if (targets[index]!.commit(this.#codes[index]!, this.#olds[index], seq)) hasChanged = true;
    }
    this.#truncate(0);
    return hasChanged;
  }

  #truncate(length: number): void {
    // Nothing that was removed is kept alive by it.
    for (let index = length; index < this.#length; index++) {
      this.#targets[index] = undefined;
      this.#olds[index] = undefined;
    }
    this.#length = length;
    if (this.#targets.length <= keptLengthMax || length > keptLengthMax) return;
    this.#targets.length = length;
    this.#codes.length = length;
    this.#olds.length = length;
  }
}
