import type { JsonWriter } from "../encode/json-writer.ts";
import { asciiBytes } from "../encode/json-writer.ts";
import type { OrderPiece } from "../state/order-log.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { TableNode } from "../state/table-node.ts";

const orderLabel = asciiBytes('"@o":');

export function writeAllKeys(out: JsonWriter, rows: Iterable<RecordNode>): void {
  out.label(orderLabel);
  out.openArray();
  for (const row of rows) out.string(row.$key);
  out.closeArray();
}

/** Writes `@o` from runs of the old order. Nothing if the order is what it was. */
export function writePieces(
  out: JsonWriter,
  table: TableNode,
  pieces: readonly OrderPiece[],
  sizeBefore: number,
): void {
  if (isUnchanged(pieces, sizeBefore)) return;
  out.label(orderLabel);
  out.openArray();
  let position = 0;
  for (const { from, count } of pieces) {
    // Two positions cost about as much as two keys.
    if (from >= 0 && count > 1) writeRange(out, from, count);
    else for (const row of table.$order.slice(position, count)) out.string(row.$key);
    position += count;
  }
  out.closeArray();
}

function isUnchanged(pieces: readonly OrderPiece[], sizeBefore: number): boolean {
  let position = 0;
  for (const { from, count } of pieces) {
    if (from !== position) return false;
    position += count;
  }
  return position === sizeBefore;
}

/** Writes `@o` as the difference of two lists of records. Nothing, and `false`, if they are the same. */
export function writeOrderDifference(
  out: JsonWriter,
  before: readonly RecordNode[],
  after: readonly RecordNode[],
): boolean {
  if (before.length === after.length && before.every((row, position) => row === after[position])) return false;
  for (let position = 0; position < before.length; position++) before[position]!.$position = position;
  out.label(orderLabel);
  out.openArray();
  for (let position = 0; position < after.length; ) {
    const from = after[position]!.$position;
    const count = from < 0 ? 1 : runLength(after, position);
    if (count > 1) writeRange(out, from, count);
    else out.string(after[position]!.$key);
    position += count;
  }
  out.closeArray();
  for (const row of before) row.$position = -1;
  return true;
}

/** How many records from `position` on were neighbours before. */
function runLength(after: readonly RecordNode[], position: number): number {
  const first = after[position]!.$position;
  let count = 1;
  while (after[position + count]?.$position === first + count) count++;
  return count;
}

function writeRange(out: JsonWriter, from: number, count: number): void {
  out.openArray();
  out.number(from);
  out.number(from + count - 1);
  out.closeArray();
}
