import { isContainer } from "../author/schema-node.ts";
import { asciiBytes, type JsonWriter } from "../encode/json-writer.ts";
import { ListNode } from "../state/list-node.ts";
import { MapEntry } from "../state/map-entry.ts";
import { MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType, Guard } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";
import type { Lens } from "./lens.ts";
import { writeAllKeys } from "./order-writer.ts";

/** What was to be written is longer than is of use. */
export class BeyondLength extends Error {
  override readonly name = "BeyondLength";
}

export const replaceLabel = asciiBytes('"@r":true');
const nextIdLabel = asciiBytes('"@n":');

/** How lists are written: with keys and `@o` for receivers that merge, as arrays in canonical JSON for hashes and GET. */
export type WalkForm = "keyed" | "plain";

/**
 * Walks the state through a lens and writes what it finds. Nothing that the lens does not see is ever written, not even for
 * a moment.
 */
export class FullWalk {
  readonly out: JsonWriter;
  readonly lens: Lens;
  readonly form: WalkForm;
  /** The newest stamp among what was written. */
  newest = 0;
  /** Bytes after which a walk ends with `BeyondLength`, looked at before each record. */
  lengthMax = Number.MAX_SAFE_INTEGER;

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
    if (out.length > this.lengthMax) throw new BeyondLength();
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
      // A policy of a nested record is not asked about none.
      const isAsked = value !== undefined || field.node.kind !== "record";
      const isSeen = isAsked && lens.sees(guard, record);
      lens.hold(guard, record, isSeen && value !== undefined);
      this.noteAnswer(guard, record);
      if (isAsked && !isSeen) return;
    }
    // Also for what became absent.
    this.note(record.$fieldStamp(field.index));
    if (value === undefined) return;
    out.label(field.label);
    this.fullValue(field, value, false);
  }

  /** Whatever the answer is: what is hidden may have been seen before. */
  protected noteAnswer(guard: Guard, record: RecordNode): void {
    this.note(this.lens.answerSeq(guard, record, this.newest));
  }

  protected fullValue(field: FieldType, value: unknown, replaces: boolean): void {
    if (isContainer(field.node)) this.#fullContainer(value as AnyContainer, replaces);
    else if (field.node.kind === "record") this.fullRecord(value as RecordNode, replaces);
    else this.scalar(field.node.kind, value, replaces);
  }

  /** A JSON object says `replaces` in a delta, because it is not merged with what was there. */
  protected scalar(kind: string, value: unknown, replaces: boolean): void {
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
      this.list(node);
      return;
    }
    const guard = node.$field.recordType?.guard;
    // A removal is a change of what is seen, whoever saw the removed.
    if (guard === undefined) this.note(node.$removedSeq);
    else if (!this.lens.seesAll) this.#noteVisibleRemovals(node, guard);
    if (node instanceof MapNode) this.#fullMap(node, replaces);
    else this.#fullTable(node, replaces);
  }

  protected list(node: ListNode): void {
    const { out } = this;
    const { kind } = node.$field.node.element!;
    out.openArray();
    for (const item of node.$items) this.scalar(kind, item, false);
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
        this.entryValue(node, element, false);
      } else if (this.#mayShow(node.$field.recordType!.guard, element)) {
        out.key(key);
        this.fullRecord(element, false);
      }
    }
    out.closeObject();
  }

  protected entryValue(node: MapNode, entry: MapEntry, replaces: boolean): void {
    if (this.out.length > this.lengthMax) throw new BeyondLength();
    this.note(entry.$stamp);
    this.scalar(node.$field.node.element!.kind, entry.$value, replaces);
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
    this.noteAnswer(guard, record);
    if (isHeld) this.note(record.$born);
    return isHeld;
  }

  #fullTable(node: TableNode, replaces: boolean): void {
    const { out, lens } = this;
    const guard = lens.seesAll ? undefined : node.$field.recordType!.guard;
    const rows = node.$order.toArray().filter((row) => this.#mayShow(guard, row));
    if (guard === undefined) this.note(node.$movedSeq);
    else this.noteMoves(node, rows);
    if (this.form === "plain") {
      out.openArray();
      for (const row of rows) this.fullRecord(row, false);
      out.closeArray();
      return;
    }
    out.openObject();
    if (replaces) out.label(replaceLabel);
    for (const row of rows) {
      out.key(row.$key);
      this.fullRecord(row, false);
    }
    writeAllKeys(out, rows);
    if (lens.seesAll) this.nextId(node);
    out.closeObject();
    if (guard !== undefined) lens.setOrderSent(node, rows);
  }

  /** A removed record still answers to its policy, so a newcomer's seq counts the removals it could have seen. */
  #noteVisibleRemovals(node: MapNode | TableNode, guard: Guard): void {
    for (let index = node.$tombstones.length - 1; index >= 0; index--) {
      const { seq, element } = node.$tombstones[index]!;
      if (seq <= this.newest) return;
      this.note(this.goneSeq(guard, element as RecordNode, seq, this.newest));
    }
    // Nobody can be asked any more who saw it go.
    this.note(node.$forgottenSeq);
  }

  /** When a record that was removed at `seq` was gone from sight: it may have been hidden before. */
  protected goneSeq(guard: Guard, record: RecordNode, seq: number, than: number): number {
    return this.lens.sees(guard, record) ? seq : Math.min(seq, this.lens.answerSeq(guard, record, than));
  }

  /** Of a table of which viewers see different records: moves of those that are seen here. */
  protected noteMoves(node: TableNode, rows: readonly RecordNode[]): void {
    if (node.$movedSeq <= this.newest) return;
    for (const row of rows) this.note(node.$movedAt(row));
  }

  protected nextId(node: TableNode): void {
    this.out.label(nextIdLabel);
    this.out.number(node.$nextId);
  }
}
