import type { ReadTracker, Trackable } from "../state/read-tracker.ts";
import { RecordNode } from "../state/record-node.ts";
import { IndexBucket } from "../state/table-index.ts";
import { TableNode } from "../state/table-node.ts";
import type { ViewResult } from "./view-result.ts";

/**
 * The newest change that a result of a view can come from, for someone of whom nobody knows what was sent before. It may
 * be one that did not change the result. Changes of records that the receiver sees outside of the view are told there, so
 * here they are left out: what happens to the other records of their table is not the receiver's business.
 */
export function seqOfSeen(tracker: ReadTracker, result: ViewResult): number {
  let newest = 0;
  for (const node of tracker.nodes) newest = Math.max(newest, seqOf(node, result.kind === "json"));
  return newest;
}

/** Plain values may be made of anything that was read; records are shown only to those who see them. */
function seqOf(node: Trackable, isPlain: boolean): number {
  const table = node instanceof IndexBucket ? node.$parent : node;
  if (!(table instanceof TableNode) || !isShown(table)) return node.$stamp;
  if (!isPlain) return 0;
  if (!(node instanceof IndexBucket)) return node.$stamp;
  let newest = 0;
  for (const record of node.records) newest = Math.max(newest, record.$stamp);
  return newest;
}

/** Whether every viewer is shown the table, as far as its records' policies let it. */
function isShown({ $field, $parent }: TableNode): boolean {
  return $parent instanceof RecordNode && $parent.$parent === null && !$field.isPrivate && $field.guard === undefined;
}
