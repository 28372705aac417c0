import type { SortDirection } from "../author/containers.ts";
import type { RowSource } from "./query.ts";
import type { Trackable } from "./read-tracker.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import type { StateNode } from "./state-node.ts";

/** Values that are asked for and have no record: remembered up to here, so that a viewer learns when one comes. */
const emptyBucketsMax = 1_024;

/** What a query sorts by. */
export interface SortKey {
  readonly field: FieldType;
  readonly direction: SortDirection;
}

/** The records that have one value in one field, as something to depend on: it changes when they do. */
export class IndexBucket implements Trackable {
  readonly $parent: StateNode;
  readonly field: FieldType;
  readonly value: unknown;
  $stamp = 0;
  $isLive = true;
  readonly #records = new Set<RecordNode>();
  /** In the order of the container, once somebody has asked for it. Never changed in place: readers keep it. */
  #ordered: readonly RecordNode[] | null = null;
  /** The same by the value of a field: a hand of cards is asked for more often than it changes. */
  #sorted: { readonly key: SortKey; readonly rows: readonly RecordNode[] } | null = null;

  constructor(container: StateNode, field: FieldType, value: unknown) {
    this.$parent = container;
    this.field = field;
    this.value = value;
  }

  get size(): number {
    return this.#records.size;
  }

  get records(): ReadonlySet<RecordNode> {
    return this.#records;
  }

  add(record: RecordNode): void {
    this.#records.add(record);
    this.#ordered = null;
    this.#sorted = null;
  }

  remove(record: RecordNode): boolean {
    this.#ordered = null;
    this.#sorted = null;
    return this.#records.delete(record);
  }

  outOfOrder(): void {
    this.#ordered = null;
  }

  /** @param source the table or map */
  inOrder(source: RowSource): readonly RecordNode[] {
    return (this.#ordered ??= this.#records.size <= 1 ? [...this.#records] : source.$inOrder(this));
  }

  /** Only what was asked for last is kept. */
  sortedBy(key: SortKey, compare: (a: RecordNode, b: RecordNode) => number): readonly RecordNode[] {
    const known = this.#sorted;
    if (known?.key.field === key.field && known.key.direction === key.direction) return known.rows;
    const rows = [...this.#records].sort(compare);
    this.#sorted = { key, rows };
    return rows;
  }

  /** A record has another value in a field, given by its slot. */
  rewritten(field: number): void {
    if (this.#sorted?.key.field.index === field) this.#sorted = null;
  }
}

/** Finds the records of a table or map by the value of one field. Follows every write at once, and every rollback. */
export class TableIndex {
  readonly field: FieldType;
  readonly #container: StateNode;
  readonly #buckets = new Map<unknown, IndexBucket>();
  #emptyCount = 0;

  constructor(container: StateNode, field: FieldType, records: Iterable<RecordNode>) {
    this.#container = container;
    this.field = field;
    for (const record of records) this.add(record);
  }

  bucket(value: unknown): IndexBucket {
    let bucket = this.#buckets.get(value);
    if (bucket === undefined) {
      bucket = new IndexBucket(this.#container, this.field, value);
      // Whoever asked before there was a bucket depended on the whole.
      bucket.$stamp = this.#container.$stamp;
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

  /** Another field than the index's. */
  rewritten(record: RecordNode, field: number): void {
    this.#buckets.get(record.$get(this.field.index))?.rewritten(field);
  }

  moved(record: RecordNode): void {
    this.#buckets.get(record.$get(this.field.index))?.outOfOrder();
  }

  /** A committed change concerns the records with this value. */
  touch(value: unknown, seq: number): void {
    const bucket = this.#buckets.get(value);
    if (bucket !== undefined) bucket.$stamp = seq;
  }

  #put(record: RecordNode, value: unknown): void {
    const bucket = this.bucket(value);
    if (bucket.size === 0) this.#emptyCount--;
    bucket.add(record);
  }

  #take(record: RecordNode, value: unknown): void {
    const bucket = this.bucket(value);
    if (bucket.remove(record) && bucket.size === 0) this.#emptyCount++;
  }

  #dropEmpty(except: IndexBucket): void {
    for (const [value, bucket] of this.#buckets) {
      if (bucket.size > 0 || bucket === except) continue;
      bucket.$isLive = false;
      this.#buckets.delete(value);
    }
    this.#emptyCount = 1;
  }
}
