import { isContainer } from "../author/schema-node.ts";
import { ListNode } from "../state/list-node.ts";
import type { MapEntry } from "../state/map-entry.ts";
import { MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";

type Json = Readonly<Record<string, unknown>>;

/** The log holds something this version of the format cannot mean. */
export class LogFormatError extends Error {
  override readonly name = "LogFormatError";
}

/** Applies what a walk with the log's lens wrote: to an empty record as a whole, to a filled one as changes. */
export function restoreRecord(record: RecordNode, patch: Json): void {
  for (const name of Object.keys(patch)) {
    if (name === "@r") continue;
    const field = record.$type.byName.get(name);
    if (field === undefined) throw new LogFormatError(`the log has a field "${name}" that the schema has not`);
    restoreField(record, field, patch[name]);
  }
}

function restoreField(record: RecordNode, field: FieldType, value: unknown): void {
  if (isContainer(field.node)) {
    restoreContainer(record.$get(field.index) as AnyContainer, value);
    return;
  }
  const target = record as unknown as Record<string, unknown>;
  if (value === null) target[field.name] = undefined;
  else if (field.node.kind === "record") {
    const current = record.$get(field.index) as RecordNode | undefined;
    const isNew = current === undefined || isReplacement(value);
    restoreRecord(isNew ? record.$insertEmpty(field) : current, value as Json);
  } else target[field.name] = field.node.kind === "json" ? withoutMark(value) : value;
  restamp(record, field);
}

/** What the log names has changed, even if it was back where it had been before the batch ended. */
function restamp(record: RecordNode, field: FieldType): void {
  const { transactionSeq } = record.$state;
  if (record.$born === 0) return;
  record.$setFieldStamp(field.index, transactionSeq);
  record.$touch(transactionSeq);
}

function restoreContainer(node: AnyContainer, value: unknown): void {
  if (node instanceof ListNode) {
    node.replace(value as unknown[]);
    node.$touch(node.$state.transactionSeq);
  } else if (node.$field.recordType === undefined) restoreEntries(node as MapNode, value as Json);
  else if (node instanceof MapNode) restoreElements(node, value as Json);
  else restoreTable(node, value as Json);
}

function restoreEntries(node: MapNode, patch: Json): void {
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) node.delete(key);
    else {
      node.set(key, withoutMark(value));
      (node.$element(key) as MapEntry).$restamp(node.$state.transactionSeq);
    }
  }
}

function restoreElements(node: MapNode | TableNode, patch: Json): void {
  for (const key of Object.keys(patch)) {
    if (key.startsWith("@")) continue;
    const value = patch[key];
    const current = node.$element(key) as RecordNode | undefined;
    if (value === null) node.delete(key);
    else if (current !== undefined && !isReplacement(value)) restoreRecord(current, value as Json);
    else {
      node.delete(key);
      restoreRecord(node.$insertEmpty(key), value as Json);
    }
  }
}

function restoreTable(node: TableNode, patch: Json): void {
  const before = node.$order.toArray();
  restoreElements(node, patch);
  const order = patch["@o"] as readonly (string | readonly [number, number])[] | undefined;
  if (order !== undefined) restoreOrder(node, before, order);
  const nextId = patch["@n"];
  if (nextId !== undefined && nextId !== node.$nextId) node.$setNextId(nextId as number);
}

function restoreOrder(
  node: TableNode,
  before: readonly RecordNode[],
  order: readonly (string | readonly [number, number])[],
): void {
  const wanted = order.flatMap((entry) => {
    const records = typeof entry === "string" ? [node.$element(entry)] : before.slice(entry[0], entry[1] + 1);
    if (records.includes(undefined)) throw new LogFormatError("the log orders a record that is not there");
    return records as RecordNode[];
  });
  if (wanted.length !== node.$order.size) throw new LogFormatError("the log's order leaves records out");
  const now = node.$order.toArray();
  let first = 0;
  while (first < now.length && now[first] === wanted[first]) first++;
  let last = now.length - 1;
  while (last > first && now[last] === wanted[last]) last--;
  // Moved there and back: the order is what it was, and yet it was touched when the record says.
  if (first > last && before.length === now.length) node.$touchOrder();
  // What comes before and after is in place; in between each record is put before its successor, from the end.
  for (let position = last; position >= first; position--)
    node.move(wanted[position]!.$key, wanted[position + 1]?.$key);
}

function isReplacement(value: unknown): boolean {
  return (value as Json)["@r"] === true;
}

function withoutMark(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "@r")) return value;
  const { "@r": _mark, ...rest } = value as Json;
  return rest;
}
