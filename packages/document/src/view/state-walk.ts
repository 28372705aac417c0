import { isContainer } from "../author/schema-node.ts";
import { ListNode } from "../state/list-node.ts";
import type { MapEntry } from "../state/map-entry.ts";
import type { MapElement, MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { ChangeWriter, RecordNode } from "../state/record-node.ts";
import type { FieldType, Guard } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import { FullWalk } from "./full-walk.ts";
import { writeAllKeys, writeOrderDifference, writePieces } from "./order-writer.ts";

/** The receiver is so far behind that some removal it has to learn of may be forgotten: it needs a snapshot. */
export class BeyondHorizon extends Error {
  override readonly name = "BeyondHorizon";
}

/** Never added to. */
const nothingGone = new Map<string, number>();

/** Writes what changed after some seq: what is new to its receiver in full, what is gone as null. */
export class StateWalk extends FullWalk implements ChangeWriter {
  /** What changed in a record that the receiver holds since `from`, without the braces around it. */
  deltaRecord(record: RecordNode, from: number): void {
    record.$writeChanges(this, from);
    const { otherFields } = record.$type;
    for (let index = 0; index < otherFields.length; index++) this.deltaField(record, otherFields[index]!, from);
  }

  changedJson(field: FieldType, value: unknown): void {
    this.scalar(field.node.kind, value, true);
  }

  deltaField(record: RecordNode, field: FieldType, from: number): void {
    if (field.isOpenMap) {
      this.#deltaOpenMap(record.$get(field.index) as MapNode, field, from);
      return;
    }
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
      else this.fullValue(field, value, true);
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
      this.noteAnswer(guard, record);
      if (isHeld || value === undefined) this.note(record.$fieldStamp(field.index));
      out.label(field.label);
      if (isHeld) this.fullValue(field, value, false);
      else out.null();
    }
    return false;
  }

  /** As any other container, by the shortest way there is; what is gone is looked up there. */
  #deltaOpenMap(node: MapNode, field: FieldType, from: number): void {
    if (node.$stamp <= from) return;
    if (node.$removedSeq > from || node.$horizon > from) {
      this.#deltaContainer(node, field, from);
      return;
    }
    const { out } = this;
    const start = out.position;
    const inside = this.#openField(field);
    for (let record = node.$newest; record !== null && record.$stamp > from; record = record.$older as MapElement) {
      if (record.$born <= from) (record as RecordNode).$writeElement(this, from);
      else this.#newElement(record as RecordNode);
    }
    out.closeUnlessEmpty(start, inside);
  }

  #newElement(record: RecordNode): void {
    this.note(record.$born);
    this.out.key(record.$key);
    this.fullRecord(record, false);
  }

  #deltaContainer(node: AnyContainer, field: FieldType, from: number): void {
    const { out, lens } = this;
    if (node instanceof ListNode) {
      if (node.$stamp <= from) return;
      this.note(node.$stamp);
      out.label(field.label);
      this.list(node);
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
      this.entryValue(node, entry as MapEntry, true);
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
    if (guard === undefined && !isDirty && node.$removedSeq <= from) return this.#openElements(node, from);
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

  /** What changed where everybody sees everything and nothing is gone. */
  #openElements(node: MapNode | TableNode, from: number): boolean {
    let hasNew = false;
    for (let record = node.$newest; record !== null && record.$stamp > from; record = record.$older as RecordNode) {
      if (record.$born <= from) this.#deltaHeld(record as RecordNode, from);
      else {
        hasNew = true;
        this.#newElement(record as RecordNode);
      }
    }
    return hasNew;
  }

  /** Removals of what the receiver holds: key and seq. */
  #heldAndGone(node: MapNode | TableNode, guard: Guard | undefined, from: number): Map<string, number> {
    if (node.$removedSeq <= from) return nothingGone;
    const gone = new Map<string, number>();
    for (let index = node.$tombstonesAfter(from); index < node.$tombstones.length; index++) {
      const { key, element, seq } = node.$tombstones[index]!;
      const record = element as RecordNode;
      if (record.$born > from) continue;
      if (guard === undefined) gone.set(key, seq);
      else if (this.lens.wasHeld(guard, record)) gone.set(key, this.goneSeq(guard, record, seq, from));
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
      if (wasHeld !== isHeld) this.noteAnswer(guard, record);
    }
    if (wasHeld && isHeld) {
      this.#deltaHeld(record, from);
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

  #deltaHeld(record: RecordNode, from: number): void {
    if (record.$type.otherFields.length === 0) {
      record.$writeElement(this, from);
      return;
    }
    const { out } = this;
    const start = out.position;
    const inside = out.openElement(record.$key);
    this.deltaRecord(record, from);
    out.closeUnlessEmpty(start, inside);
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
      if (writeOrderDifference(out, lens.orderSent(node), rows)) {
        lens.setOrderSent(node, rows);
        this.noteMoves(node, rows);
      }
    } else if (hasMoved) {
      const edits = node.$orderLog.piecesSince(from, node.$order.size);
      if (edits === undefined) writeAllKeys(out, node.$order.toArray());
      else writePieces(out, node, edits.pieces, edits.sizeBefore);
    }
    // Not the newest edit: a row that came and went in one transaction has left no trace but that.
    if (guard === undefined && out.position > before) this.note(Math.max(node.$movedSeq, node.$removedSeq));
    if (lens.seesAll) this.nextId(node);
  }
}
