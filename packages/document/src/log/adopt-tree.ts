import { isContainer } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import { fillDefault } from "../state/fill-record.ts";
import { ListNode } from "../state/list-node.ts";
import { MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";
import type { StoredTree } from "./stored-tree.ts";

/**
 * Fills an empty record from a tree that another version of the schema wrote. What still fits is taken over; fields that
 * are gone or have another type are left to the migration, which gets the tree; the others begin with their defaults, where
 * the schema gives one, and without a value otherwise: see `missingValue`.
 */
export function adoptTree(record: RecordNode, tree: StoredTree): void {
  for (const field of record.$type.slots) {
    const value = tree[field.name];
    if (value !== undefined) adoptField(record, field, value);
    if (record.$get(field.index) === undefined) fillDefault(record, field);
  }
}

function adoptField(record: RecordNode, field: FieldType, value: unknown): void {
  const target = record as unknown as Record<string, unknown>;
  if (isContainer(field.node)) adoptContainer(record.$get(field.index) as AnyContainer, value);
  else if (field.node.kind === "record") {
    if (isTree(value)) adoptTree(record.$insertEmpty(field), value);
  } else ifFits(() => (target[field.name] = value));
}

function adoptContainer(node: AnyContainer, value: unknown): void {
  if (node instanceof ListNode) {
    if (Array.isArray(value)) ifFits(() => node.replace(value));
  } else if (!isTree(value) || node instanceof MapNode === (value["@o"] !== undefined)) {
    // A map that became a table, or the other way round.
  } else if (node instanceof MapNode) adoptMap(node, value);
  else adoptTable(node, value);
}

function adoptMap(node: MapNode, tree: StoredTree): void {
  for (const key of Object.keys(tree)) {
    const value = tree[key];
    if (node.$field.recordType === undefined) ifFits(() => node.set(key, value));
    else if (isTree(value)) adoptTree(node.$insertEmpty(key), value);
  }
}

function adoptTable(node: TableNode, tree: StoredTree): void {
  for (const id of tree["@o"] as readonly string[]) adoptTree(node.$insertEmpty(id), tree[id] as StoredTree);
  node.$setNextId(tree["@n"] as number);
}

/** A value of another type is not an error here. */
function ifFits(take: () => unknown): void {
  try {
    take();
  } catch (thrown) {
    if (!(thrown instanceof StateError)) throw thrown;
  }
}

function isTree(value: unknown): value is StoredTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
