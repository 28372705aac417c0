import { LogFormatError } from "./restore-state.ts";

/** State as the log writes it, not yet bound to a schema. Objects have no prototype: every key is data. */
export type StoredTree = Record<string, unknown>;

type Order = readonly (string | readonly [number, number])[];

/** A tree of its own, without the marks of replacement. */
function treeOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const tree = Object.create(null) as StoredTree;
  for (const key of Object.keys(value)) {
    if (key !== "@r") tree[key] = treeOf((value as StoredTree)[key]);
  }
  return tree;
}

/** Applies a patch of the log to a tree, in place. */
export function patchTree(tree: StoredTree, patch: Readonly<StoredTree>): void {
  const before = tree["@o"] as readonly string[] | undefined;
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (key === "@r") continue;
    if (key === "@o") tree[key] = orderOf(before ?? [], value as Order);
    else if (value === null) delete tree[key];
    else if (isTree(value) && isTree(tree[key]) && value["@r"] !== true) patchTree(tree[key], value);
    else tree[key] = treeOf(value);
  }
}

/** The tree as a migration reads it: tables are arrays of records with their ids. */
export function plainTree(tree: unknown): unknown {
  if (!isTree(tree)) return tree;
  const order = tree["@o"] as readonly string[] | undefined;
  if (order !== undefined) return order.map((id) => ({ ...(plainTree(tree[id]) as object), id }));
  const plain = Object.create(null) as StoredTree;
  for (const key of Object.keys(tree)) plain[key] = plainTree(tree[key]);
  return plain;
}

function orderOf(before: readonly string[], order: Order): readonly string[] {
  return order.flatMap((entry) => {
    if (typeof entry === "string") return [entry];
    const run = before.slice(entry[0], entry[1] + 1);
    if (run.length !== entry[1] - entry[0] + 1) throw new LogFormatError("the log orders records that are not there");
    return run;
  });
}

function isTree(value: unknown): value is StoredTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
