/** Something that can take back a change, or make it final. `code` is its own: a field's index, or which operation. */
export interface Undoable {
  undo(code: number, old: unknown): void;
  /** Stamps what changed with `seq`. Returns whether anything did: a value that is back where it was has not changed. */
  commit(code: number, old: unknown, seq: number): boolean;
}

/**
 * What a transaction did, in order. An entry is pushed before the write it describes, so that a stop at any moment leaves
 * nothing that cannot be taken back.
 */
export class UndoLog {
  readonly #targets: Undoable[] = [];
  readonly #codes: number[] = [];
  readonly #olds: unknown[] = [];

  get length(): number {
    return this.#targets.length;
  }

  push(target: Undoable, code: number, old: unknown): void {
    this.#targets.push(target);
    this.#codes.push(code);
    this.#olds.push(old);
  }

  /** Takes back everything after the first `length` entries, last first. */
  undoTo(length: number): void {
    for (let index = this.#targets.length - 1; index >= length; index--) {
      this.#targets[index]!.undo(this.#codes[index]!, this.#olds[index]);
    }
    this.#truncate(length);
  }

  commit(seq: number): boolean {
    let hasChanged = false;
    for (let index = 0; index < this.#targets.length; index++) {
      if (this.#targets[index]!.commit(this.#codes[index]!, this.#olds[index], seq)) hasChanged = true;
    }
    this.#truncate(0);
    return hasChanged;
  }

  #truncate(length: number): void {
    this.#targets.length = length;
    this.#codes.length = length;
    this.#olds.length = length;
  }
}
