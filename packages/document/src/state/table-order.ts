import type { RecordNode } from "./record-node.ts";

/** Large enough that a hundred thousand records need few pieces, small enough that moving within one is nothing. */
const chunkMax = 512;

/** A run of neighbours. Each record knows its own, so that finding a position costs one search in a short array. */
export class OrderChunk {
  readonly records: RecordNode[] = [];
}

/** The records of a table in order, as a list of short runs: a change anywhere costs the same in a large table. */
export class TableOrder {
  #chunks: OrderChunk[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `undefined` for `next`: at the end. */
  insertBefore(record: RecordNode, next: RecordNode | undefined): void {
    this.#size++;
    if (next === undefined) {
      let last = this.#chunks.at(-1);
      if (last === undefined || last.records.length >= chunkMax) {
        last = new OrderChunk();
        this.#chunks.push(last);
      }
      last.records.push(record);
      record.$chunk = last;
      return;
    }
    const chunk = next.$chunk!;
    chunk.records.splice(chunk.records.indexOf(next), 0, record);
    record.$chunk = chunk;
    if (chunk.records.length > chunkMax) this.#split(chunk);
  }

  /** Returns what came after it, for putting it back. */
  remove(record: RecordNode): RecordNode | undefined {
    const next = this.after(record);
    const chunk = record.$chunk!;
    chunk.records.splice(chunk.records.indexOf(record), 1);
    record.$chunk = null;
    this.#size--;
    if (chunk.records.length === 0) this.#chunks.splice(this.#chunks.indexOf(chunk), 1);
    return next;
  }

  after(record: RecordNode): RecordNode | undefined {
    const chunk = record.$chunk!;
    const index = chunk.records.indexOf(record) + 1;
    return index < chunk.records.length
      ? chunk.records[index]
      : this.#chunks[this.#chunks.indexOf(chunk) + 1]?.records[0];
  }

  positionOf(record: RecordNode): number {
    let position = 0;
    for (const chunk of this.#chunks) {
      if (chunk === record.$chunk) return position + chunk.records.indexOf(record);
      position += chunk.records.length;
    }
    throw new Error("the record is not in this order");
  }

  /** The records at positions from `start` on, `count` of them. */
  *slice(start: number, count: number): Generator<RecordNode> {
    let skip = start;
    let left = count;
    for (const { records } of this.#chunks) {
      if (left === 0) return;
      if (skip >= records.length) {
        skip -= records.length;
        continue;
      }
      for (; skip < records.length && left > 0; skip++, left--) yield records[skip]!;
      skip = 0;
    }
  }

  toArray(): RecordNode[] {
    if (this.#chunks.length === 1) return this.#chunks[0]!.records.slice();
    return this.#chunks.flatMap((chunk) => chunk.records);
  }

  /** The records that have a value in a field, given by its slot: to look costs a fifth of asking a set of them. */
  withValue(field: number, value: unknown): RecordNode[] {
    const found: RecordNode[] = [];
    for (const { records } of this.#chunks) {
      for (const record of records) if (record.$get(field) === value) found.push(record);
    }
    return found;
  }

  #split(chunk: OrderChunk): void {
    const tail = new OrderChunk();
    tail.records.push(...chunk.records.splice(chunkMax / 2));
    for (const record of tail.records) record.$chunk = tail;
    this.#chunks.splice(this.#chunks.indexOf(chunk) + 1, 0, tail);
  }
}
