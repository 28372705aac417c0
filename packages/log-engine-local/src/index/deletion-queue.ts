/** Consumed places in front of the list before it is cut. */
const CUT_AT = 4_096;
const FIELDS = 2;

/**
 * Documents whose deletion is still in the log, the oldest first, with the seq of the deletion: 16 bytes for each. One
 * that was made again since is still in it, and recognised by its seq.
 */
export class DeletionQueue {
  #fields: number[] = [];
  #start = 0;
  /** Deletions that have ever been taken out. */
  #taken = 0;

  /** How many deletions were ever put in. */
  get end(): number {
    return this.#taken + this.waiting;
  }

  get waiting(): number {
    return (this.#fields.length - this.#start) / FIELDS;
  }

  push(documentId: number, seq: number): void {
    this.#fields.push(documentId, seq);
  }

  /** The oldest, unless it was put in as number `end` or later. */
  take(end: number): { readonly documentId: number; readonly seq: number } | undefined {
    if (this.#taken >= end || this.waiting === 0) return undefined;
    const documentId = this.#fields[this.#start]!;
    const seq = this.#fields[this.#start + 1]!;
    this.#start += FIELDS;
    this.#taken++;
    if (this.#start >= CUT_AT && this.#start * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#start);
      this.#start = 0;
    }
    return { documentId, seq };
  }
}
