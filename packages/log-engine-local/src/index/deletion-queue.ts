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
  /** Deletions that have ever been taken out. */
  #taken = 0;

  /** Places count from the first deletion that was ever put in: this is the one behind the newest. */
  get end(): number {
    return this.#taken + this.waiting;
  }

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
    this.#taken++;
    if (this.#start >= CUT_AT && this.#start * 2 > this.#fields.length) {
      this.#fields = this.#fields.slice(this.#start);
      this.#start = 0;
    }
  }

  /** What still waits of the places from `from` to before `to`. */
  between(from: number, to: number): NotedDeletion[] {
    const first = Math.max(from, this.#taken);
    const count = Math.max(0, Math.min(to, this.end) - first);
    return Array.from({ length: count }, (_, index) => this.#at(this.#start + (first - this.#taken + index) * FIELDS));
  }

  #at(field: number): NotedDeletion {
    const [documentId, seq, atMs] = this.#fields.slice(field, field + FIELDS) as [number, number, number];
    return { documentId, seq, atMs };
  }
}
