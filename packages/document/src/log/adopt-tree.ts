import { describeType } from "../author/scalar-check.ts";
import { isContainer } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import { fillDefault } from "../state/fill-record.ts";
import { ListNode } from "../state/list-node.ts";
import { LossLedger } from "../state/lost-elements.ts";
import { MapNode } from "../state/map-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import type { StoredTree } from "./stored-tree.ts";

/**
 * Fills an empty document from a tree that another version of the schema wrote. What still fits is taken over; fields that
 * are gone or have another type are left to the migration, which gets the tree; the others begin with their defaults, where
 * the schema gives one, and without a value otherwise: see `missingValue`. Elements that no longer fit are in the ledger
 * that is returned.
 */
export function adoptTree(root: RecordNode, tree: StoredTree): LossLedger {
  const adoption = new Adoption();
  adoption.adoptRecord(root, tree, "doc");
  return adoption.losses;
}

class Adoption {
  readonly losses = new LossLedger();

  adoptRecord(record: RecordNode, tree: StoredTree, path: string): void {
    for (const field of record.$type.slots) {
      const value = tree[field.name];
      if (value !== undefined) this.#adoptField(record, field, value, `${path}.${field.name}`);
      if (record.$get(field.index) === undefined) fillDefault(record, field);
    }
  }

  #adoptField(record: RecordNode, field: FieldType, value: unknown, path: string): void {
    const target = record as unknown as Record<string, unknown>;
    if (isContainer(field.node)) this.#adoptContainer(record.$get(field.index) as AnyContainer, value, path);
    else if (field.node.kind === "record") {
      if (isTree(value)) this.adoptRecord(record.$insertEmpty(field), value, path);
    } else fits(() => (target[field.name] = value));
  }

  #adoptContainer(node: AnyContainer, value: unknown, path: string): void {
    if (node instanceof ListNode && Array.isArray(value)) this.#adoptList(node, value, path);
    else if (node instanceof MapNode && isTree(value) && !isTable(value)) this.#adoptMap(node, value, path);
    else if (node instanceof TableNode && isTable(value)) this.#adoptTable(node, value, path);
    else if (!isEmpty(value)) this.losses.lose(node, undefined, path, describeType(value));
  }

  /** A list has positions: without some of its items it would be another one. */
  #adoptList(node: ListNode, values: readonly unknown[], path: string): void {
    if (fits(() => node.replace(values))) return;
    const misfit = values.find((value) => !fits(() => node.push(value)));
    node.clear();
    this.losses.lose(node, undefined, path, `${describeType(misfit)} in an array`);
  }

  #adoptMap(node: MapNode, tree: StoredTree, path: string): void {
    for (const key of Object.keys(tree)) {
      const value = tree[key];
      const within = `${path}.get(${JSON.stringify(key)})`;
      if (node.$field.recordType === undefined) {
        if (!fits(() => node.set(key, value))) this.losses.lose(node, key, within, describeType(value));
      } else if (isTree(value)) this.adoptRecord(node.$insertEmpty(key), value, within);
      else this.losses.lose(node, key, within, describeType(value));
    }
  }

  #adoptTable(node: TableNode, tree: StoredTree, path: string): void {
    for (const id of tree["@o"] as readonly string[]) {
      this.adoptRecord(node.$insertEmpty(id), tree[id] as StoredTree, `${path}.get("${id}")`);
    }
    node.$setNextId(tree["@n"] as number);
  }
}

/** A value of another type is not an error here. */
function fits(take: () => unknown): boolean {
  try {
    take();
    return true;
  } catch (thrown) {
    if (thrown instanceof StateError) return false;
    throw thrown;
  }
}

function isTree(value: unknown): value is StoredTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTable(value: unknown): value is StoredTree {
  return isTree(value) && value["@o"] !== undefined;
}

function isEmpty(value: unknown): boolean {
  if (isTable(value)) return (value["@o"] as readonly string[]).length === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
