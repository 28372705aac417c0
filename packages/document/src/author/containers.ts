import type { Principal } from "@tidewire/foundation";

/**
 * State containers as document code sees them. All of them read their own writes inside a handler; iterating walks a copy
 * of the membership, so that it may be changed meanwhile.
 */

/** A list of scalars. Travels whole when it changes: meant for short ones. */
export interface DocumentList<Value> extends Iterable<Value> {
  readonly length: number;
  at(position: number): Value | undefined;
  set(position: number, value: Value): void;
  push(...values: Value[]): number;
  pop(): Value | undefined;
  shift(): Value | undefined;
  unshift(...values: Value[]): number;
  splice(start: number, deleteCount?: number, ...values: Value[]): Value[];
  replace(values: Iterable<Value>): void;
  clear(): void;
  /** By value: principals and JSON need not be the same object. */
  includes(value: Value): boolean;
  indexOf(value: Value): number;
  toArray(): Value[];
  map<Result>(project: (item: Value, position: number) => Result): Result[];
  filter(condition: (item: Value, position: number) => boolean): Value[];
  find(condition: (item: Value, position: number) => boolean): Value | undefined;
  some(condition: (item: Value, position: number) => boolean): boolean;
  every(condition: (item: Value, position: number) => boolean): boolean;
}

/** A map with string keys, in key order. Keys are 1 to 512 code units and do not begin with `@`. */
export interface DocumentMap<Value, Insert = Value> extends Iterable<[string, Value]> {
  readonly size: number;
  get(key: string): Value | undefined;
  has(key: string): boolean;
  /** Replaces what was there; a record is made from plain data and returned. */
  set(key: string, value: Insert): Value;
  getOrInsert(key: string, value: Insert): Value;
  delete(key: string): boolean;
  clear(): void;
  keys(): string[];
  values(): Value[];
  entries(): [string, Value][];
}

export type SortDirection = "asc" | "desc";

/** Fields a query can compare: everything but JSON, containers and nested records. */
export type ComparableKeys<Row> = {
  [Key in keyof Row]-?: Row[Key] extends string | number | boolean | Principal | undefined ? Key : never;
}[keyof Row] &
  string;

export type Criteria<Row> = { readonly [Key in ComparableKeys<Row>]?: Row[Key] };

/** Records chosen by a condition, evaluated when it is read. Immutable: every step gives a new query. */
export interface RecordQuery<Row> extends Iterable<Row> {
  /** All the given fields are equal; an index is used when there is one. Or any condition, at the price of a scan. */
  where(criteria: Criteria<Row> | ((row: Row) => boolean)): RecordQuery<Row>;
  /** Stable; ties keep the order of their ids or keys. Absent values come last. */
  orderBy(field: ComparableKeys<Row>, direction?: SortDirection): RecordQuery<Row>;
  limit(count: number): RecordQuery<Row>;
  offset(count: number): RecordQuery<Row>;
  first(): Row | undefined;
  count(): number;
  toArray(): Row[];
  /** Ids of the records of a table, keys of those of a map. */
  keys(): string[];
  map<Result>(project: (row: Row) => Result): Result[];
  filter(condition: (row: Row) => boolean): Row[];
  find(condition: (row: Row) => boolean): Row | undefined;
  some(condition: (row: Row) => boolean): boolean;
  every(condition: (row: Row) => boolean): boolean;
}

export type TableRow<Row> = Row & { readonly id: string };

/** A map of records: answers the same questions as a table, in key order. */
export interface RecordMap<Row, Insert> extends DocumentMap<Row, Insert> {
  where(criteria: Criteria<Row> | ((row: Row) => boolean)): RecordQuery<Row>;
  /** Ties keep the order of their keys. */
  orderBy(field: ComparableKeys<Row>, direction?: SortDirection): RecordQuery<Row>;
  limit(count: number): RecordQuery<Row>;
  offset(count: number): RecordQuery<Row>;
  first(): Row | undefined;
  count(): number;
}

/** An ordered list of records with ids "1", "2", ... in order of creation. */
export interface DocumentTable<Row, Insert> extends RecordQuery<TableRow<Row>> {
  readonly size: number;
  get(id: string): TableRow<Row> | undefined;
  has(id: string): boolean;
  /** At the end, or before another record. `id` re-uses the id of a record that was deleted in this table. */
  insert(values: Insert, options?: { readonly before?: string; readonly id?: string }): TableRow<Row>;
  delete(id: string): boolean;
  /** Before another record, or to the end. */
  move(id: string, before?: string): void;
  clear(): void;
}
