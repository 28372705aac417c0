import type { SortDirection } from "../author/containers.ts";
import { refusePromise } from "../author/refuse-promise.ts";
import { describeType } from "../author/scalar-check.ts";
import { isComparable } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import type { DocumentState } from "./document-state.ts";
import type { Found } from "./record-indexes.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import type { IndexBucket, SortKey } from "./table-index.ts";

export interface QueryPlan {
  readonly criteria: readonly { readonly field: FieldType; readonly value: unknown }[];
  readonly conditions: readonly ((row: RecordNode) => boolean)[];
  readonly sort: readonly SortKey[];
  readonly offset: number;
  readonly limit: number;
}

export const everyRow: QueryPlan = { criteria: [], conditions: [], sort: [], offset: 0, limit: Infinity };

/** Where a query's records come from: a table, or a map of records. */
export interface RowSource {
  readonly $field: FieldType;
  readonly $state: DocumentState;
  /** The bucket of an index that fits one of the criteria. Tells the tracker what was looked at. */
  $find(criteria: QueryPlan["criteria"]): Found | undefined;
  /** All of them, in order, in a new array. */
  $all(): RecordNode[];
  /** Those of a bucket, in order. */
  $inOrder(bucket: IndexBucket): readonly RecordNode[];
}

/** Records of a table or map chosen by a condition. Evaluated anew whenever it is read. What document code sees of it is `RecordQuery`. */
export class Query {
  readonly $source: RowSource;
  readonly #plan: QueryPlan;

  constructor(source: RowSource, plan: QueryPlan) {
    this.$source = source;
    this.#plan = plan;
  }

  /** Whether every record is in it or not by itself: by the fields that `isAllowed`, and by its conditions. */
  $isEachByItself(isAllowed: (field: FieldType) => boolean): boolean {
    const { criteria, sort, offset, limit } = this.#plan;
    if (offset > 0 || limit !== Infinity) return false;
    return criteria.every(({ field }) => isAllowed(field)) && sort.every(({ field }) => isAllowed(field));
  }

  where(criteria: object | ((row: RecordNode) => boolean)): Query {
    const plan = this.#plan;
    if (plan.limit !== Infinity || plan.offset > 0) throw new StateError("where comes before limit and offset");
    if (typeof criteria === "function") {
      const condition = criteria as (row: RecordNode) => boolean;
      return new Query(this.$source, { ...plan, conditions: [...plan.conditions, condition] });
    }
    if (typeof criteria !== "object" || criteria === null) {
      throw new StateError(`where takes fields with their values, or a function: got ${describeType(criteria)}`);
    }
    const added = Object.keys(criteria).map((name) => {
      const field = this.#field(name);
      return { field, value: this.#comparable(field, (criteria as Record<string, unknown>)[name]) };
    });
    return new Query(this.$source, { ...plan, criteria: [...plan.criteria, ...added] });
  }

  orderBy(name: string, direction: SortDirection = "asc"): Query {
    if (direction !== "asc" && direction !== "desc") throw new StateError('orderBy goes "asc" or "desc"');
    return new Query(this.$source, {
      ...this.#plan,
      sort: [...this.#plan.sort, { field: this.#field(name), direction }],
    });
  }

  limit(count: number): Query {
    return new Query(this.$source, { ...this.#plan, limit: wholeNumber(count, "limit") });
  }

  offset(count: number): Query {
    return new Query(this.$source, { ...this.#plan, offset: wholeNumber(count, "offset") });
  }

  first(): RecordNode | undefined {
    return this.#evaluate()[0];
  }

  count(): number {
    return this.#evaluate().length;
  }

  toArray(): RecordNode[] {
    const rows = this.#evaluate();
    const { criteria, conditions } = this.#plan;
    const isOwn = criteria.length === 0 || conditions.length > 0;
    return isOwn ? (rows as RecordNode[]) : rows.slice();
  }

  keys(): string[] {
    return this.#evaluate().map(({ $key }) => $key);
  }

  map<Result>(project: (row: RecordNode) => Result): Result[] {
    return this.#evaluate().map((row) => project(row));
  }

  filter(condition: (row: RecordNode) => boolean): RecordNode[] {
    return this.#evaluate().filter((row) => isMet(condition, row));
  }

  find(condition: (row: RecordNode) => boolean): RecordNode | undefined {
    return this.#evaluate().find((row) => isMet(condition, row));
  }

  some(condition: (row: RecordNode) => boolean): boolean {
    return this.#evaluate().some((row) => isMet(condition, row));
  }

  every(condition: (row: RecordNode) => boolean): boolean {
    return this.#evaluate().every((row) => isMet(condition, row));
  }

  [Symbol.iterator](): Iterator<RecordNode> {
    return this.#evaluate().values();
  }

  toJSON(): never {
    throw new StateError("a query cannot be turned into JSON: copy the fields that are meant");
  }

  /** Whatever the source told the tracker covers its rows. */
  #isMet(condition: (row: RecordNode) => boolean, row: RecordNode): boolean {
    const { tracker } = row.$state;
    if (tracker === null) return isMet(condition, row);
    const outer = tracker.own;
    tracker.own = row;
    try {
      return isMet(condition, row);
    } finally {
      tracker.own = outer;
    }
  }

  /** Principals are compared by identity, so one from elsewhere is exchanged for the document's own. */
  #comparable(field: FieldType, value: unknown): unknown {
    if (value === null) throw new StateError(`"${field.name}": state holds no nulls: ask for undefined`);
    if (field.node.kind !== "principal" || value === undefined) return value;
    return field.check(value, this.$source.$state);
  }

  #field(name: string): FieldType {
    const type = this.$source.$field.recordType!;
    const field = type.byName.get(name) ?? (name === "id" ? type.fields.find(({ index }) => index < 0) : undefined);
    if (field === undefined || !isComparable(field.node)) {
      throw new StateError(`"${name}" of "${this.$source.$field.name}" is not a field a query can compare`);
    }
    return field;
  }

  /** Not to be changed: it may be the source's own. */
  #evaluate(): readonly RecordNode[] {
    const { criteria, conditions, sort, offset, limit } = this.#plan;
    const source = this.$source;
    const found = criteria.length > 0 ? source.$find(criteria) : undefined;
    let rows: readonly RecordNode[];
    if (found === undefined) rows = source.$all();
    else if (sort.length === 0) rows = found.bucket.inOrder(source);
    // Where a sort begins makes no difference: ties are decided by keys.
    else if (sort.length === 1) rows = found.bucket.sortedBy(sort[0]!, comparison(sort));
    else rows = [...found.bucket.records];
    for (const criterion of criteria) {
      if (criterion === found?.criterion) continue;
      const { field, value } = criterion;
      rows = rows.filter((row) => fieldOf(row, field) === value);
    }
    for (const condition of conditions) rows = rows.filter((row) => this.#isMet(condition, row));
    if (sort.length > 0 && (found === undefined || sort.length > 1)) (rows as RecordNode[]).sort(comparison(sort));
    return offset === 0 && limit >= rows.length ? rows : rows.slice(offset, offset + limit);
  }
}

function fieldOf(row: RecordNode, field: FieldType): unknown {
  return field.index < 0 ? row.$key : row.$get(field.index);
}

/** A promise is like "yes" as well. */
function isMet(condition: (row: RecordNode) => boolean, row: RecordNode): boolean {
  const answer: unknown = condition(row);
  if (typeof answer === "object") refusePromise(answer, "conditions");
  return Boolean(answer);
}

/** Most sort by one number that is always there. */
function comparison(sort: QueryPlan["sort"]): (a: RecordNode, b: RecordNode) => number {
  const { field, direction } = sort[0]!;
  if (sort.length > 1 || field.node.isOptional || (field.node.kind !== "int" && field.node.kind !== "number")) {
    return (a, b) => compareRows(a, b, sort);
  }
  const { index } = field;
  const sign = direction === "desc" ? -1 : 1;
  return (a, b) => sign * ((a.$get(index) as number) - (b.$get(index) as number)) || compareKeys(a, b);
}

function compareRows(a: RecordNode, b: RecordNode, sort: QueryPlan["sort"]): number {
  for (const { field, direction } of sort) {
    const order = compareValues(fieldOf(a, field), fieldOf(b, field), direction === "desc" ? -1 : 1);
    if (order !== 0) return order;
  }
  return compareKeys(a, b);
}

/** Ids of a table are whole numbers: the shorter is the smaller. Keys of a map are words. */
function compareKeys({ $key: a, $type: { isRow } }: RecordNode, { $key: b }: RecordNode): number {
  if (isRow && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareValues(a: unknown, b: unknown, sign: number): number {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  const left = sortKey(a);
  const right = sortKey(b);
  return left < right ? -sign : left > right ? sign : 0;
}

function sortKey(value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return JSON.stringify(value);
}

function wholeNumber(count: number, what: string): number {
  if (!Number.isSafeInteger(count) || count < 0) throw new StateError(`${what} takes a whole number`);
  return count;
}
