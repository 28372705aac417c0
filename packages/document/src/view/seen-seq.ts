import type { Trackable } from "../state/read-tracker.ts";
import { RecordNode } from "../state/record-node.ts";
import type { FieldType } from "../state/record-type.ts";
import { IndexBucket } from "../state/table-index.ts";
import { TableNode } from "../state/table-node.ts";

/**
 * The newest change that the result of a view can come from, of all that it read, for someone of whom nobody knows what was
 * sent before. It may be one that did not change the result, but it is never older than the one that did.
 */
export function seqOfSeen(nodes: Iterable<Trackable>): number {
  let newest = 0;
  for (const node of nodes) newest = Math.max(newest, seqOf(node));
  return newest;
}

function seqOf(node: Trackable): number {
  const table = node instanceof IndexBucket ? node.$parent : node;
  if (!(table instanceof TableNode) || !isShown(table)) return node.$stamp;
  if (!table.$field.recordType!.hasSecrets) return 0;
  return node instanceof IndexBucket ? newestOfBucket(node, table) : node.$stamp;
}

/** Its own stamp does not outlive the memory. Records that cannot have been in it are somebody else's business. */
function newestOfBucket(bucket: IndexBucket, table: TableNode): number {
  const { index } = bucket.field;
  let newest = 0;
  for (const record of bucket.records) newest = Math.max(newest, record.$stamp, table.$movedAt(record));
  const noteLeft = (record: RecordNode): void => {
    const changed = record.$fieldStamp(index);
    if (changed > newest && changed > record.$born && !bucket.records.has(record)) newest = changed;
  };
  for (let record = table.$newest; record !== null && record.$stamp > newest; record = record.$older as RecordNode) {
    noteLeft(record);
  }
  // What was removed from a table without a policy is told to everybody.
  if (table.$field.recordType!.guard === undefined) return newest;
  for (let place = table.$tombstones.length - 1; place >= 0; place--) {
    const { seq, element } = table.$tombstones[place]!;
    if (seq <= newest) break;
    if (element.$get(index) === bucket.value) return seq;
    noteLeft(element);
  }
  return newest;
}

/** Whether every viewer is shown the table, as far as its records' policies let it. */
export function isShown({ $field, $parent }: TableNode): boolean {
  return $parent instanceof RecordNode && $parent.$parent === null && !$field.isPrivate && $field.guard === undefined;
}

/** Whether who sees a record sees the field, and so is told of its changes. */
export function isFieldShown({ isPrivate, guard }: FieldType): boolean {
  return !isPrivate && guard === undefined;
}
