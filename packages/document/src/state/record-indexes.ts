import type { QueryPlan } from "./query.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import type { StateNode } from "./state-node.ts";
import { type IndexBucket, TableIndex } from "./table-index.ts";

/** Indexes a container gets because `where` asked for a field, beside the declared ones. */
const unaskedIndexesMax = 4;

/** What a criterion's index has found. */
export interface Found {
  readonly bucket: IndexBucket;
  /** It is met by every record of the bucket. */
  readonly criterion: QueryPlan["criteria"][number];
}

/** The indexes of one table or map of records. Made as they are asked for; follow every write and every rollback. */
export class RecordIndexes {
  readonly #container: StateNode;
  readonly #indexesMax: number;
  readonly #declared: ReadonlySet<string>;
  readonly #indexes: TableIndex[] = [];

  constructor(container: StateNode, { node }: FieldType) {
    const declared = node.indexes ?? [];
    this.#container = container;
    this.#declared = new Set(declared);
    this.#indexesMax = this.#declared.size + unaskedIndexesMax;
  }

  /** By the first criterion whose field has an index, or may get one over `records`. */
  find(criteria: QueryPlan["criteria"], records: () => Iterable<RecordNode>): Found | undefined {
    for (const criterion of criteria) {
      for (const index of this.#indexes) {
        if (index.field === criterion.field) return { bucket: index.bucket(criterion.value), criterion };
      }
    }
    const criterion = criteria.find(({ field }) => field.index >= 0);
    if (criterion === undefined) return undefined;
    const { field, value } = criterion;
    if (this.#indexes.length >= this.#indexesMax && !this.#declared.has(field.name)) return undefined;
    const index = new TableIndex(this.#container, field, records());
    this.#indexes.push(index);
    return { bucket: index.bucket(value), criterion };
  }

  add(record: RecordNode): void {
    for (const index of this.#indexes) index.add(record);
  }

  remove(record: RecordNode): void {
    for (const index of this.#indexes) index.remove(record);
  }

  /** A field was written, or its write taken back. */
  change(record: RecordNode, field: number, old: unknown): void {
    for (const index of this.#indexes) {
      if (index.field.index === field) index.change(record, old);
      else index.rewritten(record, field);
    }
  }

  /** It is somewhere else in the order. */
  moved(record: RecordNode): void {
    for (const index of this.#indexes) index.moved(record);
  }

  /** A record changed in this commit; `field` had the value `old` before, if one is given. */
  touch(record: RecordNode, seq: number, field: number, old: unknown): void {
    for (const index of this.#indexes) {
      index.touch(record.$get(index.field.index), seq);
      if (index.field.index === field) index.touch(old, seq);
    }
  }
}
