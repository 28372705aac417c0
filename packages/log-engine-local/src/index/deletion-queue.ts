/** Consumed places in front of the list before it is cut. */
const CUT_AT = 4_096;
const FIELDS = 3;

export interface NotedDeletion {
  readonly documentId: number;
  /** Of the deletion. */
  readonly seq: number;
  /** When it was noted, by the time of the log. */
  readonly atMs: number;
}

/**
 * Documents whose deletion is still in the log, the oldest first, with the seq of the deletion: 24 bytes for each. One
 * that was made again since is still in it, and recognised by its seq.
 */
export class DeletionQueue {
  #fields: number[] = [];
  #start = 0;

  get waiting(): number {
    return (this.#fields.length - this.#start) / FIELDS;
  }

  get oldest(): NotedDeletion | undefined {
    return this.waiting === 0 ? undefined : this.#at(this.#start);
  }

  push({ documentId, seq, atMs }: NotedDeletion): void {
    this.#fields.push(documentId, seq, atMs);
  }

  /** The oldest is in it no longer. */
  shift(): void {
    if (this.waiting === 0) return;
    this.#start += FIELDS;
    if (this.#start >= CUT_AT && this.#start * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#start);
      this.#start = 0;
    }
  }

  *all(): Generator<NotedDeletion> {
    for (let at = this.#start; at < this.#fields.length; at += FIELDS) yield this.#at(at);
  }

  #at(field: number): NotedDeletion {
    const [documentId, seq, atMs] = this.#fields.slice(field, field + FIELDS) as [number, number, number];
    return { documentId, seq, atMs };
  }
}
