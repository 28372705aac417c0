import { type DocumentName, documentPath } from "@tidewire/foundation";

export interface DueEntry {
  readonly document: DocumentName;
  /** Not later than the document's next timer. Wall clock, ms. */
  readonly at: number;
  readonly streamSeq: number;
  /** When the entry was written, by the wall clock of its writer or server, ms. */
  readonly writtenAt: number;
}

/** The earliest entries, in order; the latest ones are let go when there are too many. */
export class DueEntries {
  readonly #max: number;
  readonly #byPath = new Map<string, DueEntry>();
  /** By time. Inserting moves what is behind: some 50 us in 200,000. */
  readonly #sorted: DueEntry[] = [];
  /** Entries from here on are not all known. */
  #horizon = Number.POSITIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#sorted.length;
  }

  /** Whether there may be entries before this time that are not known, and room for them. */
  isIncomplete(at: number): boolean {
    return this.#horizon < at && this.#sorted.length < this.#max;
  }

  get(document: DocumentName): DueEntry | undefined {
    return this.#byPath.get(documentPath(document));
  }

  /** Takes an entry unless a newer one of its document is known. */
  set(entry: DueEntry): void {
    const path = documentPath(entry.document);
    const known = this.#byPath.get(path);
    if (known !== undefined && known.streamSeq >= entry.streamSeq) return;
    if (known !== undefined) this.remove(known);
    if (entry.at >= this.#horizon) return;
    this.#byPath.set(path, entry);
    this.#sorted.splice(this.#place(entry.at), 0, entry);
    if (this.#sorted.length <= this.#max) return;
    const last = this.#sorted.at(-1) as DueEntry;
    this.remove(last);
    this.#horizon = last.at;
  }

  remove(entry: DueEntry): void {
    if (this.#byPath.get(documentPath(entry.document)) !== entry) return;
    this.#byPath.delete(documentPath(entry.document));
    let index = this.#place(entry.at) - 1;
    while (this.#sorted[index] !== entry) index--;
    this.#sorted.splice(index, 1);
  }

  /** Entries before a time, earliest first. */
  before(at: number, offset: number, limit: number): DueEntry[] {
    const entries: DueEntry[] = [];
    for (let index = offset; index < this.#sorted.length && entries.length < limit; index++) {
      const entry = this.#sorted[index] as DueEntry;
      if (entry.at >= at) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Behind the last entry that is not later. */
  #place(at: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as DueEntry).at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
