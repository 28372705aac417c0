import { isContainer } from "../author/schema-node.ts";
import { asciiBytes, type JsonWriter } from "../encode/json-writer.ts";
import { ListNode } from "../state/list-node.ts";
import { MapEntry } from "../state/map-entry.ts";
import { type MapElement, MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType, Guard } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import type { Lens } from "./lens.ts";
import { writeAllKeys, writeOrderDifference, writePieces } from "./order-writer.ts";

export const replaceLabel = asciiBytes('"@r":true');
const nextIdLabel = asciiBytes('"@n":');

/** The receiver is so far behind that some removal it has to learn of may be forgotten: it needs a snapshot. */
export class BeyondHorizon extends Error {
  override readonly name = "BeyondHorizon";
}

/** Never added to. */
const nothingGone = new Map<string, number>();

/** How lists are written: with keys and `@o` for receivers that merge, as arrays in canonical JSON for hashes and GET. */
export type WalkForm = "keyed" | "plain";

/**
 * Walks the state through a lens and writes what it finds: everything, or what changed after some seq. Nothing that the
 * lens does not see is ever written, not even for a moment.
 */
export class StateWalk {
  readonly out: JsonWriter;
  readonly lens: Lens;
  readonly form: WalkForm;
  /** The newest stamp among what was written. */
  newest = 0;

  constructor(out: JsonWriter, lens: Lens, form: WalkForm = "keyed") {
    this.out = out;
    this.lens = lens;
    this.form = form;
  }

  note(seq: number): void {
    if (seq > this.newest) this.newest = seq;
  }

  fullRecord(record: RecordNode, replaces: boolean): void {
    const { out } = this;
    out.openObject();
    if (replaces) out.label(replaceLabel);
    for (const field of record.$type.fields) this.fullField(record, field);
    out.closeObject();
  }

  /** A field that the receiver does not hold yet; nothing if it is absent or not to be seen. */
  fullField(record: RecordNode, field: FieldType): void {
    const { out, lens } = this;
    if (field.index < 0) {
      if (lens.seesAll) return;
      out.label(field.label);
      out.string(record.$key);
      return;
    }
    if (field.isPrivate && !lens.seesAll) return;
    const value = record.$get(field.index);
    const guard = lens.seesAll ? undefined : field.guard;
    if (guard !== undefined) {
      const isHeld = value !== undefined && lens.sees(guard, record);
      lens.hold(guard, record, isHeld);
      if (!isHeld) return;
      this.note(lens.flipSeq(guard, record));
    }
    if (value === undefined) return;
    this.note(record.$fieldStamp(field.index));
    out.label(field.label);
    this.#fullValue(field, value, false);
  }

  #fullValue(field: FieldType, value: unknown, replaces: boolean): void {
    if (isContainer(field.node)) this.#fullContainer(value as AnyContainer, replaces);
    else if (field.node.kind === "record") this.fullRecord(value as RecordNode, replaces);
    else this.#scalar(field.node.kind, value, replaces);
  }

  /** A JSON object says `replaces` in a delta, because it is not merged with what was there. */
  #scalar(kind: string, value: unknown, replaces: boolean): void {
    const { out } = this;
    switch (kind) {
      case "int":
      case "number":
      case "timestamp":
        out.number(value as number);
        break;
      case "json":
        this.writeJson(value, replaces);
        break;
      case "boolean":
        out.boolean(value as boolean);
        break;
      case "principal":
        out.json(value);
        break;
      default:
        out.string(value as string);
    }
  }

  writeJson(value: unknown, replaces: boolean): void {
    const { out } = this;
    if (!replaces || typeof value !== "object" || value === null || Array.isArray(value)) {
      out.json(value);
      return;
    }
    out.openObject();
    out.label(replaceLabel);
    out.jsonFields(value);
    out.closeObject();
  }

  #fullContainer(node: AnyContainer, replaces: boolean): void {
    if (node instanceof ListNode) {
      this.note(node.$stamp);
      this.#list(node);
      return;
    }
    // A removal is a change of what is seen, whoever saw the removed.
    if (node.$field.recordType?.guard === undefined) this.note(node.$removedSeq);
    if (node instanceof MapNode) this.#fullMap(node, replaces);
    else this.#fullTable(node, replaces);
  }

  #list(node: ListNode): void {
    const { out } = this;
    const { kind } = node.$field.node.element!;
    out.openArray();
    for (const item of node.$items) this.#scalar(kind, item, false);
    out.closeArray();
  }

  #fullMap(node: MapNode, replaces: boolean): void {
    const { out } = this;
    out.openObject();
    if (replaces) out.label(replaceLabel);
    for (const key of node.$keys()) {
      const element = node.$element(key)!;
      if (element instanceof MapEntry) {
        out.key(key);
        this.#entryValue(node, element, false);
      } else if (this.#mayShow(node.$field.recordType!.guard, element)) {
        out.key(key);
        this.fullRecord(element, false);
      }
    }
    out.closeObject();
  }

  #entryValue(node: MapNode, entry: MapEntry, replaces: boolean): void {
    this.note(entry.$stamp);
    this.#scalar(node.$field.node.element!.kind, entry.$value, replaces);
  }

  /** For a record that is written in full: asks, and remembers the answer. */
  #mayShow(guard: Guard | undefined, record: RecordNode): boolean {
    const { lens } = this;
    if (guard === undefined || lens.seesAll) {
      this.note(record.$born);
      return true;
    }
    const isHeld = lens.sees(guard, record);
    lens.hold(guard, record, isHeld);
    if (isHeld) this.note(lens.flipSeq(guard, record));
    return isHeld;
  }

  #fullTable(node: TableNode, replaces: boolean): void {
    const { out, lens } = this;
    const guard = lens.seesAll ? undefined : node.$field.recordType!.guard;
    if (guard === undefined) this.note(node.$orderLog.lastSeq);
    else this.#noteVisibleRemovals(node, guard);
    if (this.form === "plain") {
      out.openArray();
      for (const row of node.$order.toArray()) if (this.#mayShow(guard, row)) this.fullRecord(row, false);
      out.closeArray();
      return;
    }
    out.openObject();
    if (replaces) out.label(replaceLabel);
    const rows = node.$order.toArray().filter((row) => this.#mayShow(guard, row));
    for (const row of rows) {
      out.key(row.$key);
      this.fullRecord(row, false);
    }
    writeAllKeys(out, rows);
    if (lens.seesAll) this.#nextId(node);
    out.closeObject();
    if (guard !== undefined) lens.setOrderSent(node, rows);
  }

  /** A removed record still answers to its policy, so a newcomer's seq counts the removals it could have seen. */
  #noteVisibleRemovals(node: TableNode, guard: Guard): void {
    for (let index = node.$tombstones.length - 1; index >= 0; index--) {
      const { seq, element } = node.$tombstones[index]!;
      if (seq <= this.newest) return;
      if (this.lens.sees(guard, element)) this.note(seq);
    }
  }

  #nextId(node: TableNode): void {
    this.out.label(nextIdLabel);
    this.out.number(node.$nextId);
  }

  /** What changed in a record that the receiver holds since `from`, without the braces around it. */
  deltaRecord(record: RecordNode, from: number): void {
    const { plainFields, otherFields } = record.$type;
    const stamps = record.$fieldStamps;
    if (stamps !== null) {
      for (let index = 0; index < plainFields.length; index++) {
        const field = plainFields[index]!;
        if (stamps[field.index]! > from) this.#changedScalar(record, field);
      }
    }
    for (let index = 0; index < otherFields.length; index++) this.#deltaField(record, otherFields[index]!, from);
  }

  #changedScalar(record: RecordNode, field: FieldType): void {
    const { out } = this;
    const value = record.$get(field.index);
    this.note(record.$fieldStamps![field.index]!);
    out.label(field.label);
    if (value === undefined) out.null();
    else this.#scalar(field.node.kind, value, true);
  }

  #deltaField(record: RecordNode, field: FieldType, from: number): void {
    const { out, lens } = this;
    if (field.isPrivate && !lens.seesAll) return;
    const guard = lens.seesAll ? undefined : field.guard;
    if (guard !== undefined && !this.#deltaGuard(record, field, guard, from)) return;
    const value = record.$get(field.index);
    if (isContainer(field.node)) {
      this.#deltaContainer(value as AnyContainer, field, from);
    } else if (field.node.kind === "record" && value !== undefined && (value as RecordNode).$born <= from) {
      if ((value as RecordNode).$stamp > from || lens.isAnyDirty(field.recordType!)) {
        const start = out.position;
        const inside = this.#openField(field);
        this.deltaRecord(value as RecordNode, from);
        out.closeUnlessEmpty(start, inside);
      }
    } else if (record.$fieldStamp(field.index) > from) {
      this.note(record.$fieldStamp(field.index));
      out.label(field.label);
      if (value === undefined) out.null();
      else this.#fullValue(field, value, true);
    }
  }

  /** Handles what appears or disappears; true if the field was held and still is. */
  #deltaGuard(record: RecordNode, field: FieldType, guard: Guard, from: number): boolean {
    const { out, lens } = this;
    const wasHeld = lens.wasHeld(guard, record);
    if (record.$stamp <= from && !lens.isDirty(guard)) return wasHeld;
    const value = record.$get(field.index);
    const isHeld = value !== undefined && lens.sees(guard, record);
    lens.hold(guard, record, isHeld);
    if (wasHeld && isHeld) return true;
    if (wasHeld !== isHeld) {
      this.note(lens.flipSeq(guard, record));
      out.label(field.label);
      if (isHeld) this.#fullValue(field, value, false);
      else out.null();
    }
    return false;
  }

  #deltaContainer(node: AnyContainer, field: FieldType, from: number): void {
    const { out, lens } = this;
    if (node instanceof ListNode) {
      if (node.$stamp <= from) return;
      this.note(node.$stamp);
      out.label(field.label);
      this.#list(node);
      return;
    }
    const isDirty = field.recordType !== undefined && lens.isAnyDirty(field.recordType);
    if (node.$stamp <= from && !isDirty) return;
    if (from < node.$horizon) throw new BeyondHorizon();
    const start = out.position;
    const inside = this.#openField(field);
    if (field.recordType === undefined) this.#deltaEntries(node as MapNode, from);
    else if (node instanceof TableNode) this.#deltaTable(node, from, isDirty);
    else this.#deltaElements(node, from, isDirty);
    out.closeUnlessEmpty(start, inside);
  }

  /** Returns the position inside of the object. */
  #openField(field: FieldType): number {
    this.out.label(field.label);
    this.out.openObject();
    return this.out.position;
  }

  #deltaEntries(node: MapNode, from: number): void {
    const { out } = this;
    if (node.$removedSeq > from) this.#goneEntries(node, from);
    for (let entry = node.$newest; entry !== null && entry.$stamp > from; entry = entry.$older as MapElement | null) {
      out.key(entry.$key);
      this.#entryValue(node, entry as MapEntry, true);
    }
  }

  #goneEntries(node: MapNode, from: number): void {
    const { out } = this;
    const gone = new Set<string>();
    for (let index = node.$tombstonesAfter(from); index < node.$tombstones.length; index++) {
      const { key, element, seq } = node.$tombstones[index]!;
      if (element.$born > from || gone.has(key) || node.$element(key) !== undefined) continue;
      gone.add(key);
      this.note(seq);
      out.key(key);
      out.null();
    }
  }

  /** Returns whether the receiver got or lost an element. */
  #deltaElements(node: MapNode | TableNode, from: number, isDirty: boolean): boolean {
    const { out } = this;
    const guard = this.lens.seesAll ? undefined : node.$field.recordType!.guard;
    const gone = this.#heldAndGone(node, guard, from);
    let hasChanged = gone.size > 0;
    if (isDirty) {
      for (const record of node.$elements()) {
        if (this.#deltaElement(record as RecordNode, guard, from, gone)) hasChanged = true;
      }
    } else {
      for (let record = node.$newest; record !== null && record.$stamp > from; record = record.$older as RecordNode) {
        if (this.#deltaElement(record as RecordNode, guard, from, gone)) hasChanged = true;
      }
    }
    for (const [key, seq] of gone) {
      this.note(seq);
      out.key(key);
      out.null();
    }
    return hasChanged;
  }

  /** Removals of what the receiver holds: key and seq. */
  #heldAndGone(node: MapNode | TableNode, guard: Guard | undefined, from: number): Map<string, number> {
    if (node.$removedSeq <= from) return nothingGone;
    const gone = new Map<string, number>();
    for (let index = node.$tombstonesAfter(from); index < node.$tombstones.length; index++) {
      const { key, element, seq } = node.$tombstones[index]!;
      const record = element as RecordNode;
      if (record.$born <= from && (guard === undefined || this.lens.wasHeld(guard, record))) gone.set(key, seq);
    }
    return gone;
  }

  /** Returns whether the receiver got or lost it. */
  #deltaElement(record: RecordNode, guard: Guard | undefined, from: number, gone: Map<string, number>): boolean {
    const { out, lens } = this;
    let wasHeld = record.$born <= from;
    let isHeld = true;
    if (guard !== undefined) {
      wasHeld = lens.wasHeld(guard, record);
      isHeld = record.$stamp > from || lens.isDirty(guard) ? lens.sees(guard, record) : wasHeld;
      lens.hold(guard, record, isHeld);
      if (wasHeld !== isHeld) this.note(lens.flipSeq(guard, record));
    }
    if (wasHeld && isHeld) {
      const start = out.position;
      out.key(record.$key);
      out.openObject();
      const inside = out.position;
      this.deltaRecord(record, from);
      out.closeUnlessEmpty(start, inside);
      return false;
    }
    if (isHeld) {
      this.note(record.$born);
      out.key(record.$key);
      // Only who held the one before under this key is told that it is replaced.
      this.fullRecord(record, gone.delete(record.$key));
    } else if (wasHeld) {
      out.key(record.$key);
      out.null();
    }
    return wasHeld !== isHeld;
  }

  #deltaTable(node: TableNode, from: number, isDirty: boolean): void {
    const { out, lens } = this;
    const guard = lens.seesAll ? undefined : node.$field.recordType!.guard;
    const hasChanged = this.#deltaElements(node, from, isDirty);
    const hasMoved = guard === undefined ? node.$orderLog.lastSeq > from : node.$movedSeq > from;
    const before = out.position;
    if (guard !== undefined) {
      if (!hasChanged && !hasMoved) return;
      const rows = node.$order.toArray().filter((row) => lens.holds(guard, row));
      if (writeOrderDifference(out, lens.orderSent(node), rows)) lens.setOrderSent(node, rows);
    } else if (hasMoved) {
      const edits = node.$orderLog.piecesSince(from, node.$order.size);
      if (edits === undefined) writeAllKeys(out, node.$order.toArray());
      else writePieces(out, node, edits.pieces, edits.sizeBefore);
    }
    if (out.position > before && hasMoved) {
      // Of a guarded table the newest move may be of a record the receiver does not see.
      if (guard === undefined) this.note(node.$orderLog.lastSeq);
      else if (!hasChanged) this.note(node.$movedSeq);
    }
    if (lens.seesAll) this.#nextId(node);
  }
}
