import type { DocumentList } from "../author/containers.ts";
import { describeType, sameJson } from "../author/scalar-check.ts";
import { StateError } from "../author/state-error.ts";
import type { DocumentState } from "./document-state.ts";
import { type FieldCheck, fieldCheck } from "./field-check.ts";
import { LimitError } from "./limit-error.ts";
import type { FieldType } from "./record-type.ts";
import { scalarBytes } from "./sizes.ts";
import { StateNode } from "./state-node.ts";
import type { Undoable } from "./undo-log.ts";

const changed = 0;

/** A list of scalars. Its stamp is all there is: it travels whole. */
export class ListNode extends StateNode implements DocumentList<unknown>, Undoable {
  readonly $field: FieldType;
  $items: unknown[] = [];
  readonly #check: FieldCheck;
  #isDirty = false;

  constructor(state: DocumentState, parent: StateNode, field: FieldType) {
    super(state, parent);
    this.$field = field;
    this.#check = fieldCheck({ name: field.name, node: field.node.element! });
    Object.preventExtensions(this);
  }

  get length(): number {
    return this.#read().length;
  }

  at(position: number): unknown {
    return this.#read().at(position);
  }

  includes(value: unknown): boolean {
    return this.indexOf(value) >= 0;
  }

  indexOf(value: unknown): number {
    const { kind } = this.$field.node.element!;
    const isByValue = kind === "json" || kind === "principal";
    return isByValue ? this.#read().findIndex((item) => sameJson(item, value)) : this.#read().indexOf(value);
  }

  map<Result>(project: (item: unknown, position: number) => Result): Result[] {
    return this.toArray().map((item, position) => project(item, position));
  }

  filter(condition: (item: unknown, position: number) => boolean): unknown[] {
    return this.toArray().filter((item, position) => condition(item, position));
  }

  find(condition: (item: unknown, position: number) => boolean): unknown {
    return this.toArray().find((item, position) => condition(item, position));
  }

  some(condition: (item: unknown, position: number) => boolean): boolean {
    return this.toArray().some((item, position) => condition(item, position));
  }

  every(condition: (item: unknown, position: number) => boolean): boolean {
    return this.toArray().every((item, position) => condition(item, position));
  }

  toArray(): unknown[] {
    return this.#read().slice();
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.#read().slice().values();
  }

  set(position: number, value: unknown): void {
    if (!Number.isInteger(position) || position < 0 || position >= this.$items.length) {
      throw new StateError(`list "${this.$field.name}" has no position ${position}`);
    }
    this.splice(position, 1, value);
  }

  push(...values: unknown[]): number {
    this.splice(this.$items.length, 0, ...values);
    return this.$items.length;
  }

  pop(): unknown {
    return this.splice(this.$items.length - 1, 1)[0];
  }

  shift(): unknown {
    return this.splice(0, 1)[0];
  }

  unshift(...values: unknown[]): number {
    this.splice(0, 0, ...values);
    return this.$items.length;
  }

  splice(start: number, deleteCount: number = this.$items.length, ...values: unknown[]): unknown[] {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    const checked = values.map((value) => this.#check(value, state));
    const { listItemsMax } = state.limits;
    if (this.$items.length + checked.length > listItemsMax && !state.isRestoring)
      throw new LimitError("listItemsMax", listItemsMax);
    this.#copyOnWrite();
    const removed = this.$items.splice(start, deleteCount, ...checked);
    state.bytes += this.#bytesOf(checked) - this.#bytesOf(removed);
    return removed;
  }

  replace(values: Iterable<unknown>): void {
    this.#replaceAll([...values]);
  }

  clear(): void {
    this.$state.losses?.cleared(this);
    this.splice(0);
  }

  $fill(values: unknown): void {
    if (!Array.isArray(values)) {
      throw new StateError(`list "${this.$field.name}": expected an array, got ${describeType(values)}`);
    }
    this.#replaceAll(values as unknown[]);
  }

  $bytes(): number {
    return this.#bytesOf(this.$items);
  }

  $releaseAll(): void {}

  $childTouched(): void {}

  $setLive(isLive: boolean): void {
    this.$isLive = isLive;
  }

  undo(_code: number, old: unknown): void {
    this.$items = old as unknown[];
    this.#isDirty = false;
  }

  commit(_code: number, old: unknown, seq: number): boolean {
    this.#isDirty = false;
    const before = old as unknown[];
    if (before.length === this.$items.length && before.every((item, position) => item === this.$items[position])) {
      return false;
    }
    if (!this.$isLive) {
      this.$touchGone(seq);
      return false;
    }
    this.$touch(seq);
    return true;
  }

  #replaceAll(values: readonly unknown[]): void {
    const { listItemsMax } = this.$state.limits;
    if (values.length > listItemsMax) throw new LimitError("listItemsMax", listItemsMax);
    this.clear();
    this.push(...values);
  }

  /** The committed array is never written to: a view may hold it. */
  #copyOnWrite(): void {
    if (this.#isDirty) return;
    this.$state.log(this, changed, this.$items);
    this.$items = this.$items.slice();
    this.#isDirty = true;
  }

  #read(): readonly unknown[] {
    this.$state.tracker?.saw(this);
    return this.$items;
  }

  #bytesOf(items: readonly unknown[]): number {
    let bytes = 0;
    for (const item of items) bytes += scalarBytes(this.$field.node.element!.kind, item);
    return bytes;
  }
}
