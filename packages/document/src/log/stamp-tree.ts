import { isContainer } from "../author/schema-node.ts";
import { asciiBytes, type JsonWriter, type Label } from "../encode/json-writer.ts";
import { ListNode } from "../state/list-node.ts";
import { MapEntry } from "../state/map-entry.ts";
import type { MapElement, MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import { wholeLens } from "../view/lens.ts";
import { StateWalk } from "../view/state-walk.ts";

const labels = {
  born: asciiBytes('"@b":'),
  field: asciiBytes('"@f":'),
  own: asciiBytes('"@c":'),
  gone: asciiBytes('"@g":'),
  removed: asciiBytes('"@r":'),
  moved: asciiBytes('"@m":'),
  forgotten: asciiBytes('"@x":'),
};

/**
 * Writes the stamps that a reader cannot guess (FORMAT.md, "Stamps"). A record of the log says what the state is; when each
 * part of it changed matters as well, because it is what the seq of a viewer is made of, who may see only some parts.
 */
export class StampTree {
  readonly #out: JsonWriter;
  /** Older things are not told of. */
  readonly #after: number;
  /** What a reader takes for the stamp of everything that it is not told of. */
  readonly #usual: number;
  /** Whether all removed records are written with what they were: a reader has none of them. */
  readonly #hasRemoved: boolean;
  readonly #values: StateWalk;

  constructor(out: JsonWriter, { after, usual, hasRemoved }: { after: number; usual: number; hasRemoved: boolean }) {
    this.#out = out;
    this.#after = after;
    this.#usual = usual;
    this.#hasRemoved = hasRemoved;
    this.#values = new StateWalk(out, wholeLens);
  }

  /** Writes `label` and an object, or nothing if there is nothing to tell. */
  record(label: Label, record: RecordNode): void {
    this.#object(
      () => this.#out.label(label),
      () => this.#record(record),
    );
  }

  #record(record: RecordNode): void {
    const isBornTold = this.#isTold(record.$born);
    if (isBornTold) this.#number(labels.born, record.$born);
    for (const field of record.$type.slots) {
      const value = record.$get(field.index);
      if (isContainer(field.node)) this.#container(value as AnyContainer, field);
      else {
        const stamp = record.$fieldStamp(field.index);
        // Fields of a record whose birth is told are as old as that, if nothing else is said of them.
        const isTold = isBornTold ? stamp !== record.$born : this.#isTold(stamp) && stamp !== record.$born;
        if (value instanceof RecordNode) this.#nested(value, field, isTold ? stamp : undefined);
        else if (isTold) this.#number(field.label, stamp);
      }
    }
  }

  #nested(record: RecordNode, field: FieldType, stamp: number | undefined): void {
    this.#object(
      () => this.#out.label(field.label),
      () => {
        if (stamp !== undefined) this.#number(labels.field, stamp);
        if (record.$stamp > this.#after) this.#record(record);
      },
    );
  }

  #container(node: AnyContainer, field: FieldType): void {
    if (node.$stamp <= this.#after) return;
    if (node instanceof ListNode) {
      if (this.#isTold(node.$stamp)) this.#number(field.label, node.$stamp);
      return;
    }
    this.#object(
      () => this.#out.label(field.label),
      () => {
        this.#removals(node);
        if (node instanceof TableNode) this.#moves(node);
        // A used id is a change of the table alone.
        if (this.#isTold(node.$stamp) && node.$stamp > newestWithin(node)) this.#number(labels.own, node.$stamp);
        for (
          let element = node.$newest;
          element !== null && element.$stamp > this.#after;
          element = element.$older as MapElement | null
        ) {
          this.#element(element);
        }
      },
    );
  }

  #element(element: MapElement): void {
    if (element instanceof MapEntry) {
      if (!this.#isTold(element.$stamp)) return;
      this.#out.key(element.$key);
      this.#out.number(element.$stamp);
      return;
    }
    this.#object(
      () => this.#out.key(element.$key),
      () => this.#record(element),
    );
  }

  #removals(node: MapNode | TableNode): void {
    const out = this.#out;
    const isGuarded = node.$field.recordType?.guard !== undefined;
    if (!isGuarded) {
      // Also the usual one: what came and went since then is not in the record.
      if (node.$removedSeq > this.#after) this.#number(labels.removed, node.$removedSeq);
      return;
    }
    if (node.$forgottenSeq > this.#after) this.#number(labels.forgotten, node.$forgottenSeq);
    const gone = node.$tombstones
      .slice(node.$tombstonesAfter(this.#after))
      .filter(({ seq, element }) => this.#isNews(element) || this.#isTold(seq));
    if (gone.length === 0) return;
    out.label(labels.gone);
    out.openArray();
    for (const { key, seq, element } of gone) {
      out.openArray();
      out.string(key);
      out.number(seq);
      if (this.#isNews(element)) this.#removed(element as RecordNode);
      out.closeArray();
    }
    out.closeArray();
  }

  /** Whether a reader never had it as it was, so that it has to be told what was removed. */
  #isNews(element: MapElement): boolean {
    return this.#hasRemoved || element.$born > this.#after || element.$stamp > this.#after;
  }

  /** A reader that has the record as it was before cannot tell which of its fields have the usual stamp. */
  #removedStamps(): StampTree {
    return new StampTree(this.#out, { after: this.#after, usual: -1, hasRemoved: this.#hasRemoved });
  }

  /** Its policy decides who was told of the removal. */
  #removed(record: RecordNode): void {
    const out = this.#out;
    this.#values.fullRecord(record, false);
    out.openObject();
    this.#removedStamps().#record(record);
    out.closeObject();
  }

  /** Where it matters which, all of them: a reader cannot tell from the order which records were moved. */
  #moves(node: TableNode): void {
    if (node.$movedSeq <= this.#after) return;
    const out = this.#out;
    if (node.$moves === null) {
      // Also the usual one: what was moved there and back is not in the record.
      this.#number(labels.moved, node.$movedSeq);
      return;
    }
    out.label(labels.moved);
    out.openObject();
    for (const [row, seq] of node.$moves) {
      if (seq <= this.#after) continue;
      out.key(row.$key);
      out.number(seq);
    }
    out.closeObject();
  }

  #isTold(stamp: number): boolean {
    return stamp > this.#after && stamp !== this.#usual;
  }

  #number(label: Label, stamp: number): void {
    this.#out.label(label);
    this.#out.number(stamp);
  }

  /** Nothing at all if `content` writes nothing. */
  #object(name: () => void, content: () => void): void {
    const out = this.#out;
    const start = out.position;
    name();
    out.openObject();
    const inside = out.position;
    content();
    out.closeUnlessEmpty(start, inside);
  }
}

/** What a reader can work out. */
export function newestWithin(node: MapNode | TableNode): number {
  return Math.max(node.$newest?.$stamp ?? 0, node.$removedSeq, node instanceof TableNode ? node.$movedSeq : 0);
}

/** The newest change that every viewer sees: no viewer's seq is older, so no older stamp makes a difference to any. */
export function newestPublic(record: RecordNode, than = record.$born): number {
  let newest = Math.max(than, record.$born);
  for (const field of record.$type.slots) {
    if (field.isPrivate || field.guard !== undefined) continue;
    const value = record.$get(field.index);
    if (isContainer(field.node)) newest = newestPublicWithin(value as AnyContainer, newest);
    else {
      newest = Math.max(newest, record.$fieldStamp(field.index));
      if (value instanceof RecordNode) newest = newestPublic(value, newest);
    }
  }
  return newest;
}

function newestPublicWithin(node: AnyContainer, than: number): number {
  if (node instanceof ListNode) return Math.max(than, node.$stamp);
  const type = node.$field.recordType;
  if (type?.guard !== undefined) return than;
  let newest = Math.max(than, node.$removedSeq, node instanceof TableNode ? node.$movedSeq : 0);
  for (
    let element = node.$newest;
    element !== null && element.$stamp > newest;
    element = element.$older as MapElement | null
  ) {
    if (element instanceof MapEntry || !type!.hasSecrets) return element.$stamp;
    newest = newestPublic(element, newest);
  }
  return newest;
}
