import type { SchemaKind } from "../author/schema-node.ts";
import type { MapNode } from "../state/map-node.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType, RecordType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";

/** A key of one code unit in quotes, a colon, a value of one byte. */
const entryBytes = 5;
/** The same with braces as the value. */
const elementBytes = 6;

/** Of values that are never absent in a record that is there. */
const leastValueBytes: Readonly<Partial<Record<SchemaKind, number>>> = {
  int: 1,
  number: 1,
  timestamp: 1,
  boolean: 4,
  string: 2,
  enum: 2,
};

/** So many bytes a snapshot of anybody's view has at least: of what everybody sees, by the number of its records. */
export function leastSnapshotBytes(root: RecordNode): number {
  let bytes = 0;
  for (const field of root.$type.slots) {
    if (!isOpen(field)) continue;
    const { size } = root.$get(field.index) as MapNode | TableNode;
    bytes += size * (field.recordType === undefined ? entryBytes : elementBytes + leastRecordBytes(field.recordType));
  }
  return bytes;
}

function isOpen({ node, isPrivate, guard, recordType }: FieldType): boolean {
  return (
    (node.kind === "map" || node.kind === "table") &&
    !isPrivate &&
    guard === undefined &&
    recordType?.guard === undefined
  );
}

/** Without braces. */
function leastRecordBytes({ plainFields }: RecordType): number {
  let bytes = 0;
  for (const { node, label } of plainFields) {
    const value = leastValueBytes[node.kind];
    if (value !== undefined && !node.isOptional) bytes += label.length + value;
  }
  return bytes;
}
