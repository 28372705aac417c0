import { isContainer, type SchemaKind } from "../author/schema-node.ts";
import type { RecordNode } from "./record-node.ts";

/** Estimates of memory: a number or flag, a string's own cost beside its text, a record's own cost beside its fields. */
const slotBytes = 8;
const textBytes = 16;
export const elementBytes = 64;

export interface Sized {
  $bytes(): number;
}

export function scalarBytes(kind: SchemaKind, value: unknown): number {
  switch (kind) {
    case "string":
      return value === undefined ? slotBytes : textBytes + (value as string).length;
    case "json":
      return value === undefined ? slotBytes : jsonBytes(value);
    case "principal":
      if (value === undefined) return slotBytes;
      return textBytes + (value as { agent: string }).agent.length + (value as { authority: string }).authority.length;
    default:
      return slotBytes;
  }
}

function jsonBytes(value: unknown): number {
  if (typeof value === "string") return textBytes + value.length;
  if (typeof value !== "object" || value === null) return slotBytes;
  let bytes = textBytes;
  for (const [key, item] of Object.entries(value)) bytes += key.length + jsonBytes(item);
  return bytes;
}

export function recordBytes(record: RecordNode): number {
  let bytes = elementBytes + record.$key.length;
  for (const field of record.$type.slots) {
    const value = record.$get(field.index);
    if (isContainer(field.node)) bytes += (value as Sized).$bytes();
    else if (field.node.kind === "record") bytes += value === undefined ? slotBytes : recordBytes(value as RecordNode);
    else bytes += scalarBytes(field.node.kind, value);
  }
  return bytes;
}
