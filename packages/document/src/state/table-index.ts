import type { Trackable } from "./read-tracker.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import type { StateNode } from "./state-node.ts";

/** Values that are asked for and have no record: remembered up to here, so that a viewer learns when one comes. */
const emptyBucketsMax = 1_024;

/** The records that have one value in one field, as something to depend on: it changes when they do. */
export class IndexBucket implements Trackable {
  readonly $parent: StateNode;
  $stamp = 0;
  $isLive = true;
  readonly records = new Set<RecordNode>();

  constructor(table: StateNode) {
    this.$parent = table;
  }
}

/** Finds the records of a table by the value of one field. Follows every write at once, and every rollback. */
export class TableIndex {
  readonly field: FieldType;
  readonly #table: StateNode;
  readonly #buckets = new Map<unknown, IndexBucket>();
  #emptyCount = 0;

  constructor(table: StateNode, field: FieldType, records: Iterable<RecordNode>) {
    this.#table = table;
    this.field = field;
    for (const record of records) this.add(record);
  }

  bucket(value: unknown): IndexBucket {
    let bucket = this.#buckets.get(value);
    if (bucket === undefined) {
      bucket = new IndexBucket(this.#table);
      // Whoever asked before there was a bucket depended on the table.
      bucket.$stamp = this.#table.$stamp;
      this.#buckets.set(value, bucket);
      if (++this.#emptyCount > emptyBucketsMax) this.#dropEmpty(bucket);
    }
    return bucket;
  }

  add(record: RecordNode): void {
    this.#put(record, record.$get(this.field.index));
  }

  remove(record: RecordNode): void {
    this.#take(record, record.$get(this.field.index));
  }

  /** The field changes from `old` to what it is now. */
  change(record: RecordNode, old: unknown): void {
    this.#take(record, old);
    this.add(record);
  }

  /** A committed change concerns the records with this value. */
  touch(value: unknown, seq: number): void {
    const bucket = this.#buckets.get(value);
    if (bucket !== undefined) bucket.$stamp = seq;
  }

  #put(record: RecordNode, value: unknown): void {
    const { records } = this.bucket(value);
    if (records.size === 0) this.#emptyCount--;
    records.add(record);
  }

  #take(record: RecordNode, value: unknown): void {
    const { records } = this.bucket(value);
    if (records.delete(record) && records.size === 0) this.#emptyCount++;
  }

  #dropEmpty(except: IndexBucket): void {
    for (const [value, bucket] of this.#buckets) {
      if (bucket.records.size > 0 || bucket === except) continue;
      bucket.$isLive = false;
      this.#buckets.delete(value);
    }
    this.#emptyCount = 1;
  }
}
