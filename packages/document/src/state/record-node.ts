import { sameJson } from "../author/scalar-check.ts";
import { isContainer } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import type { JsonWriter } from "../encode/json-writer.ts";
import type { DocumentState } from "./document-state.ts";
import { fillRecord } from "./fill-record.ts";
import { fieldBit, type Trackable } from "./read-tracker.ts";
import type { RecordIndexes } from "./record-indexes.ts";
import type { FieldType, RecordType } from "./record-type.ts";
import { recordBytes, scalarBytes } from "./sizes.ts";
import { type Changeable, StateNode } from "./state-node.ts";
import type { OrderChunk } from "./table-order.ts";
import type { Undoable } from "./undo-log.ts";

/** Fields with a bit in `$dirty`; the few beyond share a set. */
export const maskedFields = 30;

/** The table or map a record is in. */
interface Indexed {
  readonly $indexes: RecordIndexes | null;
}

/** Where the fields of a record are written to. */
export interface ChangeWriter {
  readonly out: JsonWriter;
  /** The newest stamp among what was written. */
  newest: number;
  /** A JSON value or principal, after its key. */
  changedJson(field: FieldType, value: unknown): void;
}

/** Base of the generated record classes. Holds the stamps; the fields' values are in slots of the subclass. */
export abstract class RecordNode extends StateNode implements Changeable, Undoable {
  // Declared members are put on the prototype or into the slots of those classes that need them: a document may have
  // a hundred thousand records.
  declare $type: RecordType;
  /** Id in a table, key in a map, otherwise empty. */
  declare readonly $key: string;
  declare $born: number;
  declare $newer: Changeable | null;
  declare $older: Changeable | null;
  /** `null`: all fields are as old as the record. Most records never change, so most never have this array. */
  declare $fieldStamps: number[] | null;
  /** Fields the open transaction has touched. */
  declare $dirty: number;
  /** In types of more fields than `$dirty` has bits for. */
  declare $dirtyMore: Set<number> | null;
  /** In types with guards: where the bits are; -1: none yet. */
  declare $slot: number;
  /** In a table: the piece of the order it is in. */
  declare $chunk: OrderChunk | null;
  /** Scratch of the order comparison. */
  declare $position: number;
  /** By field. */
  declare $cells: (Trackable | undefined)[] | null;

  constructor(state: DocumentState, parent: StateNode | null, key: string) {
    super(state, parent);
    this.$key = key;
    this.$born = 0;
    this.$newer = null;
    this.$older = null;
    this.$fieldStamps = null;
    this.$dirty = 0;
    this.$position = -1;
    this.$cells = null;
  }

  abstract $get(index: number): unknown;
  abstract $put(index: number, value: unknown): void;
  /** The scalars that everyone sees and that changed after `from`, for who holds the record since then. */
  abstract $writeChanges(walk: ChangeWriter, from: number): void;
  /** The same with its key and braces around, for an element of a type with no other fields; nothing if there are none. */
  abstract $writeElement(walk: ChangeWriter, from: number): void;

  /** Seq of a field's last change. */
  $fieldStamp(index: number): number {
    return this.$fieldStamps === null ? this.$born : this.$fieldStamps[index]!;
  }

  /** Fields that changed after `seq`, by bit; those of a newer record are not counted. */
  $fieldsChangedSince(seq: number): number {
    const stamps = this.$fieldStamps;
    let fields = 0;
    if (stamps !== null) {
      for (let index = 0; index < stamps.length; index++) if (stamps[index]! > seq) fields |= fieldBit(index);
    }
    if (!this.$type.hasChildren) return fields;
    for (const { index, recordType, node } of this.$type.slots) {
      if (recordType === undefined && !isContainer(node)) continue;
      const child = this.$get(index) as StateNode | undefined;
      if (child !== undefined && child.$stamp > seq) fields |= fieldBit(index);
    }
    return fields;
  }

  /** The newest change of some fields. */
  $newestOf(fields: number): number {
    if (fields === -1) return this.$stamp;
    let newest = 0;
    for (let rest = fields; rest !== 0; rest &= rest - 1) {
      newest = Math.max(newest, this.$fieldStamp(31 - Math.clz32(rest & -rest)));
    }
    return newest;
  }

  /** Whether the open transaction has touched a field: then its value from before is in the undo log. */
  $isTouched(index: number): boolean {
    return index < maskedFields ? (this.$dirty & (1 << index)) !== 0 : this.$dirtyMore?.has(index) === true;
  }

  $setTouched(index: number): void {
    if (index < maskedFields) this.$dirty |= 1 << index;
    else (this.$dirtyMore ??= new Set()).add(index);
  }

  $resize(index: number, value: unknown): void {
    const { kind } = this.$type.slots[index]!.node;
    this.$state.bytes += scalarBytes(kind, value) - scalarBytes(kind, this.$get(index));
  }

  $setRecord(field: FieldType, value: unknown): void {
    const state = this.$state;
    state.assertWritable(this.$isLive);
    const old = this.$get(field.index) as RecordNode | undefined;
    let made: RecordNode | undefined;
    if (value === null) throw new StateError(`field "${field.name}": state holds no nulls`);
    if (value === undefined && field.node.isOptional) {
      if (old === undefined) return;
    } else {
      const start = state.savepoint();
      try {
        made = new field.recordType!.Class(state, this, "");
        fillRecord(made, value, field.name);
      } catch (thrown) {
        state.rollbackTo(start);
        throw thrown;
      }
    }
    exchange(this, field, old, made);
  }

  /** A nested record without values, for reading the log. */
  $insertEmpty(field: FieldType): RecordNode {
    const made = new field.recordType!.Class(this.$state, this, "");
    this.$state.bytes += recordBytes(made);
    exchange(this, field, this.$get(field.index) as RecordNode | undefined, made);
    return made;
  }

  $refuseContainer(name: string): never {
    throw new StateError(`field "${name}" is a container: change it through its methods`);
  }

  undo(code: number, old: unknown): void {
    const current = this.$get(code);
    if (this.$type.hasChildren) {
      if (current instanceof RecordNode) current.$setLive(false);
      if (old instanceof RecordNode) old.$setLive(true);
    }
    this.$put(code, old);
    indexesOf(this)?.change(this, code, current);
    setUntouched(this, code);
  }

  commit(code: number, old: unknown, seq: number): boolean {
    setUntouched(this, code);
    const type = this.$type;
    const current = this.$get(code);
    const indexes = indexesOf(this);
    // Nobody asks for the bits of a nested record that was replaced: unlike an element it has no tombstone.
    if (type.hasChildren && old instanceof RecordNode) old.$release();
    if (!this.$isLive) {
      // Its removal speaks for the value it had then, not for the one it had before.
      indexes?.touch(this, seq, code, old);
      // Who saw it may be someone else than whom its policy would name now.
      if (this.$born !== 0 && current !== old) {
        this.$setFieldStamp(code, seq);
        this.$touchGone(seq);
      }
      return false;
    }
    if (current === old) return false;
    if (typeof current === "object" && type.slots[code]!.node.kind === "json" && sameJson(current, old)) return false;
    if (type.hasChildren && current instanceof RecordNode) current.$commitNew(seq);
    if (this.$born !== seq) this.$setFieldStamp(code, seq);
    this.$touch(seq);
    indexes?.touch(this, seq, code, old);
    return true;
  }

  /** Becomes part of the committed state, with the records it holds directly. */
  $commitNew(seq: number): void {
    if (this.$born !== 0) return;
    this.$born = seq;
    this.$stamp = seq;
    if (this.$type.guardCount > 0) this.$slot = this.$state.slotsOf(this.$type.index).take();
    this.$commitNested(seq);
  }

  /** The records it holds directly, if they are new. */
  $commitNested(seq: number): void {
    if (!this.$type.hasChildren) return;
    for (const field of this.$type.slots) {
      if (field.node.kind === "record") (this.$get(field.index) as RecordNode | undefined)?.$commitNew(seq);
    }
  }

  /** Nobody can hold it any more: gives back the slots of it and everything beneath. */
  $release(): void {
    if (this.$slot >= 0) this.$state.slotsOf(this.$type.index).give(this.$slot);
    if (!this.$type.hasChildren) return;
    for (const field of this.$type.slots) {
      if (field.recordType === undefined) continue;
      const child = this.$get(field.index) as RecordNode | { $releaseAll(): void } | undefined;
      if (child instanceof RecordNode) child.$release();
      else child?.$releaseAll();
    }
  }

  $childTouched(): void {}

  $setLive(isLive: boolean): void {
    this.$isLive = isLive;
    if (!this.$type.hasChildren) return;
    for (const field of this.$type.slots) {
      const child = this.$get(field.index);
      if (child instanceof StateNode) child.$setLive(isLive);
    }
  }

  /** A single field as something to depend on, for records whose own stamp moves with everything beneath them. */
  $cell(index: number): Trackable {
    this.$cells ??= [];
    return (this.$cells[index] ??= new FieldCell(this, index));
  }

  $setFieldStamp(index: number, seq: number): void {
    (this.$fieldStamps ??= this.$newFieldStamps())[index] = seq;
  }

  /** All fields are as old as the record until one changes. */
  $newFieldStamps(): number[] {
    const stamps: number[] = [];
    for (let index = this.$type.slots.length; index > 0; index--) stamps.push(this.$born);
    return stamps;
  }
}

// Functions and not private methods: those would take memory of every record.

function indexesOf(record: RecordNode): RecordIndexes | null {
  return record.$type.isElement ? (record.$parent as StateNode & Indexed).$indexes : null;
}

function setUntouched(record: RecordNode, index: number): void {
  if (index < maskedFields) record.$dirty &= ~(1 << index);
  else record.$dirtyMore?.delete(index);
}

function exchange(
  record: RecordNode,
  field: FieldType,
  old: RecordNode | undefined,
  made: RecordNode | undefined,
): void {
  const { index } = field;
  if (!record.$isTouched(index)) {
    record.$state.log(record, index, record.$get(index));
    record.$setTouched(index);
  }
  if (old !== undefined) {
    record.$state.bytes -= recordBytes(old);
    old.$setLive(false);
  }
  record.$put(index, made);
}

export class FieldCell implements Trackable {
  readonly record: RecordNode;
  readonly index: number;

  constructor(record: RecordNode, index: number) {
    this.record = record;
    this.index = index;
  }

  get $stamp(): number {
    return this.record.$fieldStamp(this.index);
  }

  get $isLive(): boolean {
    return this.record.$isLive;
  }

  get $parent(): StateNode | null {
    return this.record.$parent;
  }
}
