import type { SortDirection } from "../author/containers.ts";
import { describeType } from "../author/scalar-check.ts";
import { StateError } from "../author/state-error.ts";
import { ContainerNode } from "./container-node.ts";
import type { DocumentState } from "./document-state.ts";
import { fillRecord } from "./fill-record.ts";
import { OrderLog } from "./order-log.ts";
import { everyRow, Query, type QueryPlan, type RowSource } from "./query.ts";
import { type Found, RecordIndexes } from "./record-indexes.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import { recordBytes } from "./sizes.ts";
import type { StateNode } from "./state-node.ts";
import type { IndexBucket } from "./table-index.ts";
import { TableOrder } from "./table-order.ts";
import type { Undoable } from "./undo-log.ts";

const inserted = 0;
const removed = 1;
const moved = 2;
const idTaken = 3;
const reordered = 4;

/** In records gone through, roughly. */
const placeSearchCost = 64;

/** A record and what came after it, for putting it back. */
interface Place {
  readonly record: RecordNode;
  readonly next: RecordNode | undefined;
}

export interface InsertOptions {
  readonly before?: string;
  readonly id?: string;
}

/** Records in an order of their own, with ids "1", "2", ... What document code sees of it is `DocumentTable`. */
export class TableNode extends ContainerNode<RecordNode> implements RowSource, Undoable {
  readonly $field: FieldType;
  readonly $order = new TableOrder();
  readonly $orderLog = new OrderLog();
  $nextId = 1;
  /** Seq of the last move: the one change of the order that comes without a change of membership. */
  $movedSeq = 0;
  /** By record, for tables of which viewers see different records: whose move was when. */
  $moves: Map<RecordNode, number> | null = null;
  /** `null` until a query asks for one. */
  $indexes: RecordIndexes | null = null;
  readonly #byId = new Map<string, RecordNode>();
  readonly #all: Query;

  constructor(state: DocumentState, parent: StateNode, field: FieldType) {
    super(state, parent);
    this.$field = field;
    this.#all = new Query(this, everyRow);
    Object.preventExtensions(this);
  }

  get size(): number {
    this.$state.tracker?.saw(this);
    return this.#byId.size;
  }

  get(id: string): RecordNode | undefined {
    const record = this.#byId.get(id);
    this.$state.tracker?.saw(record ?? this);
    return record;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  insert(values: unknown, { before, id }: InsertOptions = {}): RecordNode {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    const next = before === undefined ? undefined : this.#existing(before);
    const start = state.savepoint();
    try {
      const record = new this.$field.recordType!.Class(
        state,
        this,
        id === undefined ? this.#takeId() : this.#freeId(id),
      );
      fillRecord(record, values, `a record of "${this.$field.name}"`);
      state.log(this, inserted, record);
      this.#put(record, next);
      this.$orderLog.inserted(this.$order.positionOf(record), state.transactionSeq);
      return record;
    } catch (thrown) {
      state.rollbackTo(start);
      throw thrown;
    }
  }

  delete(id: string): boolean {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    const record = this.#byId.get(id);
    if (record === undefined) return false;
    state.log(this, removed, { record, next: this.$order.after(record) } satisfies Place);
    this.$orderLog.removed(this.$order.positionOf(record), state.transactionSeq);
    this.#take(record);
    state.bytes -= recordBytes(record);
    return true;
  }

  move(id: string, before?: string): void {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    const record = this.#existing(id);
    const target = before === undefined ? undefined : this.#existing(before);
    const next = this.$order.after(record);
    if (target === record || target === next) return;
    state.log(this, moved, { record, next } satisfies Place);
    this.$orderLog.removed(this.$order.positionOf(record), state.transactionSeq);
    this.$order.remove(record);
    this.$order.insertBefore(record, target);
    this.$indexes?.moved(record);
    this.$orderLog.inserted(this.$order.positionOf(record), state.transactionSeq);
  }

  /** Rows were moved there and back, as the log has it: their order is the same, and changed all the same. */
  $touchOrder(): void {
    this.$state.log(this, reordered, null);
  }

  clear(): void {
    this.$state.losses?.cleared(this);
    for (const record of this.$order.toArray()) this.delete(record.$key);
  }

  where(criteria: object | ((row: RecordNode) => boolean)): Query {
    return this.#all.where(criteria);
  }

  orderBy(field: string, direction?: SortDirection): Query {
    return this.#all.orderBy(field, direction);
  }

  limit(count: number): Query {
    return this.#all.limit(count);
  }

  offset(count: number): Query {
    return this.#all.offset(count);
  }

  first(): RecordNode | undefined {
    return this.#all.first();
  }

  count(): number {
    return this.size;
  }

  toArray(): RecordNode[] {
    return this.#all.toArray();
  }

  keys(): string[] {
    return this.#all.keys();
  }

  map<Result>(project: (row: RecordNode) => Result): Result[] {
    return this.#all.map(project);
  }

  filter(condition: (row: RecordNode) => boolean): RecordNode[] {
    return this.#all.filter(condition);
  }

  find(condition: (row: RecordNode) => boolean): RecordNode | undefined {
    return this.#all.find(condition);
  }

  some(condition: (row: RecordNode) => boolean): boolean {
    return this.#all.some(condition);
  }

  every(condition: (row: RecordNode) => boolean): boolean {
    return this.#all.every(condition);
  }

  [Symbol.iterator](): Iterator<RecordNode> {
    return this.#all[Symbol.iterator]();
  }

  /** A record without values at the end, for reading the log. */
  $insertEmpty(id: string): RecordNode {
    const record = new this.$field.recordType!.Class(this.$state, this, id);
    this.$state.bytes += recordBytes(record);
    this.$state.log(this, inserted, record);
    this.#put(record, undefined);
    this.$orderLog.inserted(this.$order.size - 1, this.$state.transactionSeq);
    return record;
  }

  $setNextId(nextId: number): void {
    this.$state.log(this, idTaken, this.$nextId);
    this.$nextId = nextId;
  }

  $find(criteria: QueryPlan["criteria"]): Found | undefined {
    this.$indexes ??= new RecordIndexes(this, this.$field);
    const found = this.$indexes.find(criteria, () => this.#byId.values());
    if (found !== undefined) this.$state.tracker?.saw(found.bucket);
    return found;
  }

  $all(): RecordNode[] {
    this.$state.tracker?.saw(this);
    return this.$order.toArray();
  }

  $inOrder({ field, value, records }: IndexBucket): readonly RecordNode[] {
    // Above this, going through the whole order is cheaper than looking for each place.
    if (records.size * placeSearchCost > this.#byId.size) return this.$order.withValue(field.index, value);
    return Array.from(records, (row) => ({ row, position: this.$order.positionOf(row) }))
      .sort((a, b) => a.position - b.position)
      .map(({ row }) => row);
  }

  $element(id: string): RecordNode | undefined {
    return this.#byId.get(id);
  }

  /** In no particular order. */
  $elements(): Iterable<RecordNode> {
    return this.#byId.values();
  }

  $fill(values: unknown): void {
    if (!Array.isArray(values)) {
      throw new StateError(`table "${this.$field.name}": expected an array, got ${describeType(values)}`);
    }
    for (const value of values as unknown[]) this.insert(value);
  }

  $bytes(): number {
    let bytes = 0;
    for (const record of this.#byId.values()) bytes += recordBytes(record);
    return bytes;
  }

  $forgotten(record: RecordNode): void {
    record.$release();
  }

  $releaseAll(): void {
    for (const record of this.#byId.values()) record.$release();
    for (const { element } of this.$tombstones) element.$release();
  }

  $movedAt(record: RecordNode): number {
    return this.$moves?.get(record) ?? 0;
  }

  $noteMove(record: RecordNode, seq: number): void {
    if (seq > this.$movedSeq) this.$movedSeq = seq;
    if (this.$field.recordType!.guard === undefined) return;
    (this.$moves ??= new Map()).set(record, seq);
    this.$state.movedSeq = seq;
  }

  $childTouched(child: StateNode): void {
    this.$promote(child as RecordNode);
    this.$indexes?.touch(child as RecordNode, this.$state.transactionSeq, -1, undefined);
  }

  $setLive(isLive: boolean): void {
    this.$isLive = isLive;
    for (const record of this.#byId.values()) record.$setLive(isLive);
  }

  undo(code: number, old: unknown): void {
    switch (code) {
      case inserted:
        this.$orderLog.takeBack(1);
        this.#take(old as RecordNode);
        break;
      case removed:
        this.$orderLog.takeBack(1);
        this.#put((old as Place).record, (old as Place).next);
        break;
      case moved:
        this.$orderLog.takeBack(2);
        this.$order.remove((old as Place).record);
        this.$order.insertBefore((old as Place).record, (old as Place).next);
        this.$indexes?.moved((old as Place).record);
        break;
      case idTaken:
        this.$nextId = old as number;
        break;
    }
  }

  commit(code: number, old: unknown, seq: number): boolean {
    if (!this.$isLive) return false;
    this.$orderLog.trim();
    if (code === inserted) {
      const record = old as RecordNode;
      if (!record.$isLive) return false;
      record.$commitNew(seq);
      this.$promote(record);
      this.$indexes?.touch(record, seq, -1, undefined);
    } else if (code === removed) {
      const { record } = old as Place;
      if (record.$born === 0) return false;
      this.$moves?.delete(record);
      this.$bury(record.$key, record, seq);
      this.$indexes?.touch(record, seq, -1, undefined);
    } else if (code === moved) {
      // The log tells apart what was moved from what only had to make room.
      if ((old as Place).record.$isLive && !this.$state.isRestoring) this.$noteMove((old as Place).record, seq);
      else if (this.$field.recordType!.guard === undefined) this.$movedSeq = seq;
      this.$indexes?.touch((old as Place).record, seq, -1, undefined);
    } else if (code === reordered && this.$field.recordType!.guard === undefined) this.$movedSeq = seq;
    // A move or a used id is a change of the table itself.
    this.$touch(seq);
    return true;
  }

  #put(record: RecordNode, next: RecordNode | undefined): void {
    this.#byId.set(record.$key, record);
    this.$order.insertBefore(record, next);
    this.$indexes?.add(record);
    record.$setLive(true);
  }

  #take(record: RecordNode): void {
    this.#byId.delete(record.$key);
    this.$order.remove(record);
    this.$indexes?.remove(record);
    record.$setLive(false);
  }

  #takeId(): string {
    this.$state.log(this, idTaken, this.$nextId);
    return String(this.$nextId++);
  }

  #freeId(id: string): string {
    const number = Number(id);
    if (!Number.isSafeInteger(number) || number < 1 || number >= this.$nextId || String(number) !== id) {
      throw new StateError(`table "${this.$field.name}" never gave the id "${id}"`);
    }
    if (this.#byId.has(id)) throw new StateError(`table "${this.$field.name}" has a record with the id "${id}"`);
    return id;
  }

  #existing(id: string): RecordNode {
    const record = this.#byId.get(id);
    if (record === undefined) throw new StateError(`table "${this.$field.name}" has no record with the id "${id}"`);
    return record;
  }
}
