import { isContainer } from "../author/schema-node.ts";
import { ListNode } from "../state/list-node.ts";
import { MapEntry } from "../state/map-entry.ts";
import type { MapElement, MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import { RecordNode } from "../state/record-node.ts";
import type { RecordType } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import { LogFormatError } from "./restore-state.ts";
import { newestWithin } from "./stamp-tree.ts";

export type StoredStamps = Readonly<Record<string, unknown>>;
type GoneRow = readonly [key: string, seq: number, values?: Readonly<Record<string, unknown>>, stamps?: StoredStamps];

/** Stamps as `StampTree` wrote them, onto state that was just restored. `after`: what is older was not restored now. */
export function restoreStamps(record: RecordNode, stamps: StoredStamps, after: number): void {
  const born = stamps["@b"];
  if (born !== undefined) {
    record.$born = born as number;
    record.$fieldStamps = null;
  }
  for (const name of Object.keys(stamps)) {
    if (name.startsWith("@")) continue;
    const field = record.$type.byName.get(name);
    if (field === undefined)
      throw new LogFormatError(`the log has stamps of a field "${name}" that the schema has not`);
    const stamp = stamps[name];
    const value = record.$get(field.index);
    if (isContainer(field.node)) restoreContainer(value as AnyContainer, stamp, after);
    else if (typeof stamp === "number") record.$setFieldStamp(field.index, stamp);
    else if (value instanceof RecordNode) {
      const own = (stamp as StoredStamps)["@f"];
      if (own !== undefined) record.$setFieldStamp(field.index, own as number);
      restoreStamps(value, stamp as StoredStamps, after);
    }
  }
  record.$stamp = newestOf(record);
}

function newestOf(record: RecordNode): number {
  let newest = record.$born;
  for (const { index, node } of record.$type.slots) {
    const value = record.$get(index);
    if (!isContainer(node)) newest = Math.max(newest, record.$fieldStamp(index));
    if (isContainer(node) || value instanceof RecordNode) newest = Math.max(newest, (value as RecordNode).$stamp);
  }
  return newest;
}

function restoreContainer(node: AnyContainer, stamps: unknown, after: number): void {
  if (node instanceof ListNode) {
    node.$stamp = stamps as number;
    return;
  }
  const tree = stamps as StoredStamps;
  // All that may not be where its stamp belongs in the list of changes.
  const touched = new Set<MapElement>();
  for (let element = node.$newest; element !== null && element.$stamp > after; ) {
    touched.add(element);
    element = element.$older as MapElement | null;
  }
  for (const key of Object.keys(tree)) {
    if (key.startsWith("@")) continue;
    const element = node.$element(key);
    if (element === undefined) throw new LogFormatError("the log has stamps of a record that is not there");
    if (element instanceof MapEntry) {
      element.$stamp = tree[key] as number;
      element.$born = Math.min(element.$born, element.$stamp);
    } else restoreStamps(element, tree[key] as StoredStamps, after);
    touched.add(element);
  }
  for (const element of [...touched].sort((a, b) => a.$stamp - b.$stamp)) node.$promote(element as RecordNode);
  restoreRemovals(node, tree, after);
  if (node instanceof TableNode)
    restoreMoves(node, tree["@m"] as number | Readonly<Record<string, number>> | undefined);
  node.$stamp = Math.max(newestWithin(node), (tree["@c"] as number | undefined) ?? 0);
}

function restoreMoves(node: TableNode, moves: number | Readonly<Record<string, number>> = {}): void {
  if (typeof moves === "number") {
    node.$movedSeq = moves;
    return;
  }
  for (const key of Object.keys(moves)) {
    const row = node.$element(key);
    if (row !== undefined) node.$noteMove(row, moves[key]!);
  }
}

function restoreRemovals(node: MapNode | TableNode, tree: StoredStamps, after: number): void {
  if (tree["@r"] !== undefined) node.$removedSeq = tree["@r"] as number;
  if (tree["@x"] !== undefined) node.$forgottenSeq = tree["@x"] as number;
  for (const [key, seq, values, stamps] of (tree["@g"] ?? []) as readonly GoneRow[]) {
    // Its birth is told only of what the reader never had.
    const known = values === undefined || stamps!["@b"] !== undefined ? undefined : node.$tombstoneOf(key, after);
    if (known !== undefined) changeRemoved(known as RecordNode, values!, stamps!, after);
    if (values === undefined || known !== undefined) node.$restampTombstone(key, after, seq);
    else node.$restoreTombstone(key, removedRecord(node, key, values, stamps!, after), seq);
  }
}

/** What a policy may ask of it; maps and tables inside of it stay empty. */
function removedRecord(
  node: MapNode | TableNode,
  key: string,
  values: Readonly<Record<string, unknown>>,
  stamps: StoredStamps,
  after: number,
): RecordNode {
  const record = new node.$field.recordType!.Class(node.$state, node, key);
  record.$isLive = false;
  fillRemoved(record, values);
  record.$commitNew(Math.max(1, after));
  restoreStamps(record, onlyFields(record.$type, stamps), after);
  return record;
}

/** It was changed and removed in one batch. */
function changeRemoved(
  record: RecordNode,
  values: Readonly<Record<string, unknown>>,
  stamps: StoredStamps,
  after: number,
): void {
  fillRemoved(record, values);
  record.$commitNested(Math.max(1, after));
  restoreStamps(record, onlyFields(record.$type, stamps), after);
}

function fillRemoved(record: RecordNode, values: Readonly<Record<string, unknown>>): void {
  for (const field of record.$type.slots) {
    const value = values[field.name];
    const current = record.$get(field.index);
    if (current instanceof ListNode) current.$items = (value ?? []) as unknown[];
    else if (isContainer(field.node)) continue;
    else if (value === undefined) record.$put(field.index, undefined);
    else if (field.node.kind === "record") {
      const nested = (current as RecordNode | undefined) ?? new field.recordType!.Class(record.$state, record, "");
      nested.$isLive = false;
      fillRemoved(nested, value as Readonly<Record<string, unknown>>);
      record.$put(field.index, nested);
    } else record.$put(field.index, field.check(value, record.$state));
  }
}

/** Without the stamps of what is inside of maps and tables. */
function onlyFields({ byName }: RecordType, stamps: StoredStamps): StoredStamps {
  const kept: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(stamps)) {
    const { node, recordType } = byName.get(name) ?? {};
    if (node?.kind === "record") kept[name] = nestedFields(recordType!, stamps[name]);
    else if (node === undefined || node.kind === "list" || !isContainer(node)) kept[name] = stamps[name];
  }
  return kept;
}

function nestedFields(type: RecordType, stamps: unknown): unknown {
  return typeof stamps === "number" ? stamps : onlyFields(type, stamps as StoredStamps);
}
