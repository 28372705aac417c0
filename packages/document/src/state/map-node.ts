import type { DocumentMap, SortDirection } from "../author/containers.ts";
import { describeType } from "../author/scalar-check.ts";
import { StateError } from "../author/state-error.ts";
import { ContainerNode } from "./container-node.ts";
import type { DocumentState } from "./document-state.ts";
import { type FieldCheck, fieldCheck } from "./field-check.ts";
import { fillRecord, plainObject } from "./fill-record.ts";
import { MapEntry } from "./map-entry.ts";
import { everyRow, Query, type QueryPlan, type RowSource } from "./query.ts";
import { type Found, RecordIndexes } from "./record-indexes.ts";
import { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import { recordBytes } from "./sizes.ts";
import type { StateNode } from "./state-node.ts";
import type { IndexBucket } from "./table-index.ts";
import type { Undoable } from "./undo-log.ts";

export type MapElement = RecordNode | MapEntry;

const inserted = 0;
const removed = 1;

/** String keys to scalars or records. Iterates in key order, so that order is state like everything else. */
export class MapNode extends ContainerNode<MapElement> implements DocumentMap<unknown>, RowSource, Undoable {
  readonly $field: FieldType;
  readonly #elements = new Map<string, MapElement>();
  readonly #check: FieldCheck;
  #sortedKeys: string[] | null = null;
  /** `null` until a query asks for one. */
  $indexes: RecordIndexes | null = null;

  constructor(state: DocumentState, parent: StateNode, field: FieldType) {
    super(state, parent);
    this.$field = field;
    this.#check = fieldCheck({ name: field.name, node: field.node.element! });
    Object.preventExtensions(this);
  }

  get size(): number {
    this.$state.tracker?.saw(this);
    return this.#elements.size;
  }

  get(key: string): unknown {
    const element = this.#elements.get(key);
    const { tracker } = this.$state;
    if (tracker !== null) tracker.saw(element ?? this);
    return element === undefined || this.$field.recordType !== undefined ? element : (element as MapEntry).$value;
  }

  has(key: string): boolean {
    const element = this.#elements.get(key);
    this.$state.tracker?.saw(element ?? this);
    return element !== undefined;
  }

  set(key: string, value: unknown): unknown {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    checkMapKey(key, this.$field.name);
    return this.$field.recordType === undefined ? this.#setScalar(key, value) : this.#setRecord(key, value);
  }

  getOrInsert(key: string, value: unknown): unknown {
    const element = this.#elements.get(key);
    return element === undefined ? this.set(key, value) : valueOf(element);
  }

  delete(key: string): boolean {
    this.$state.assertWritable(this.$isLive);
    const element = this.#elements.get(key);
    if (element === undefined) {
      this.$state.losses?.deleted(this, key);
      return false;
    }
    this.$state.log(this, removed, element);
    this.#take(element);
    this.$state.bytes -= bytesOf(element);
    return true;
  }

  clear(): void {
    this.$state.losses?.cleared(this);
    for (const key of this.$keys().slice()) this.delete(key);
  }

  keys(): string[] {
    this.$state.tracker?.saw(this);
    return this.$keys().slice();
  }

  values(): unknown[] {
    this.$state.tracker?.saw(this);
    return this.$keys().map((key) => valueOf(this.#elements.get(key)!));
  }

  entries(): [string, unknown][] {
    this.$state.tracker?.saw(this);
    return this.$keys().map((key) => [key, valueOf(this.#elements.get(key)!)]);
  }

  [Symbol.iterator](): Iterator<[string, unknown]> {
    return this.entries().values();
  }

  where(criteria: object | ((row: RecordNode) => boolean)): Query {
    return this.#query().where(criteria);
  }

  orderBy(field: string, direction?: SortDirection): Query {
    return this.#query().orderBy(field, direction);
  }

  limit(count: number): Query {
    return this.#query().limit(count);
  }

  offset(count: number): Query {
    return this.#query().offset(count);
  }

  first(): RecordNode | undefined {
    return this.#query().first();
  }

  count(): number {
    return this.size;
  }

  $find(criteria: QueryPlan["criteria"]): Found | undefined {
    this.$indexes ??= new RecordIndexes(this, this.$field);
    const found = this.$indexes.find(criteria, () => this.#elements.values() as Iterable<RecordNode>);
    if (found !== undefined) this.$state.tracker?.saw(found.bucket);
    return found;
  }

  $all(): RecordNode[] {
    this.$state.tracker?.saw(this);
    return this.$keys().map((key) => this.#elements.get(key) as RecordNode);
  }

  $inOrder({ records }: IndexBucket): readonly RecordNode[] {
    return [...records].sort(({ $key: a }, { $key: b }) => (a < b ? -1 : 1));
  }

  /** A record without values, for reading the log. */
  $insertEmpty(key: string): RecordNode {
    const record = new this.$field.recordType!.Class(this.$state, this, key);
    this.$state.bytes += recordBytes(record);
    this.$state.log(this, inserted, record);
    this.#put(record);
    return record;
  }

  /** Sorted; not to be changed. */
  $keys(): readonly string[] {
    return (this.#sortedKeys ??= [...this.#elements.keys()].sort());
  }

  $element(key: string): MapElement | undefined {
    return this.#elements.get(key);
  }

  /** In no particular order. */
  $elements(): Iterable<MapElement> {
    return this.#elements.values();
  }

  $fill(values: unknown): void {
    for (const [key, value] of Object.entries(plainObject(values, `map "${this.$field.name}"`))) this.set(key, value);
  }

  $bytes(): number {
    let bytes = 0;
    for (const element of this.#elements.values()) bytes += bytesOf(element);
    return bytes;
  }

  $forgotten(element: MapElement): void {
    if (element instanceof RecordNode) element.$release();
  }

  $releaseAll(): void {
    for (const element of this.#elements.values()) this.$forgotten(element);
    for (const { element } of this.$tombstones) this.$forgotten(element);
  }

  $childTouched(child: StateNode): void {
    this.$promote(child as RecordNode);
    this.$indexes?.touch(child as RecordNode, this.$state.transactionSeq, -1, undefined);
  }

  $setLive(isLive: boolean): void {
    this.$isLive = isLive;
    for (const element of this.#elements.values()) element.$setLive(isLive);
  }

  undo(code: number, old: unknown): void {
    if (code === inserted) this.#take(old as MapElement);
    else this.#put(old as MapElement);
  }

  commit(code: number, old: unknown, seq: number): boolean {
    const element = old as MapElement;
    if (code === inserted) {
      if (!element.$isLive) return false;
      element.$commitNew(seq);
      this.$promote(element);
      this.#touchIndexes(element, seq);
    } else {
      // Never seen outside of this transaction, or gone with the whole map.
      if (element.$born === 0 || !this.$isLive) return false;
      this.$bury(element.$key, element, seq);
      this.#touchIndexes(element, seq);
    }
    this.$touch(seq);
    return true;
  }

  #setScalar(key: string, value: unknown): unknown {
    const state = this.$state;
    const checked = this.#check(value, state);
    const element = this.#elements.get(key) as MapEntry | undefined;
    if (element !== undefined) {
      element.$assign(checked);
      return checked;
    }
    if (checked === undefined) throw new StateError(`map "${this.$field.name}" holds no undefined: delete the key`);
    const made = new MapEntry(this, key, checked);
    state.log(this, inserted, made);
    this.#put(made);
    state.bytes += made.$bytes();
    return checked;
  }

  #setRecord(key: string, value: unknown): RecordNode {
    const state = this.$state;
    const start = state.savepoint();
    try {
      const made = new this.$field.recordType!.Class(state, this, key);
      fillRecord(made, value, `an element of "${this.$field.name}"`);
      this.delete(key);
      state.log(this, inserted, made);
      this.#put(made);
      return made;
    } catch (thrown) {
      state.rollbackTo(start);
      throw thrown;
    }
  }

  #query(): Query {
    if (this.$field.recordType === undefined)
      throw new StateError(`map "${this.$field.name}" holds no records: there is nothing to ask for`);
    return new Query(this, everyRow);
  }

  #touchIndexes(element: MapElement, seq: number): void {
    if (element instanceof RecordNode) this.$indexes?.touch(element, seq, -1, undefined);
  }

  #put(element: MapElement): void {
    this.#elements.set(element.$key, element);
    this.#sortedKeys = null;
    if (this.$indexes !== null) this.$indexes.add(element as RecordNode);
    element.$setLive(true);
  }

  #take(element: MapElement): void {
    this.#elements.delete(element.$key);
    this.#sortedKeys = null;
    if (this.$indexes !== null) this.$indexes.remove(element as RecordNode);
    element.$setLive(false);
  }
}

function valueOf(element: MapElement): unknown {
  return element instanceof MapEntry ? element.$value : element;
}

function bytesOf(element: MapElement): number {
  return element instanceof MapEntry ? element.$bytes() : recordBytes(element);
}

const keyLengthMax = 512;

export function checkMapKey(key: unknown, map: string): asserts key is string {
  if (typeof key !== "string") throw new StateError(`map "${map}": a key is a string, not ${describeType(key)}`);
  if (key.startsWith("@")) throw new StateError(`map "${map}": keys do not begin with @`);
  if (key.length === 0 || key.length > keyLengthMax) {
    throw new StateError(`map "${map}": a key has 1 to ${keyLengthMax} code units`);
  }
}
