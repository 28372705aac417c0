import { isContainer } from "../author/schema-node.ts";
import type { MapNode } from "./map-node.ts";
import { RecordNode } from "./record-node.ts";
import type { FieldType, RecordType } from "./record-type.ts";
import { TableNode } from "./table-node.ts";

/** A field that must have a value and has none. */
export interface MissingValue {
  readonly field: FieldType;
  /** From the document: names of fields, keys of records. */
  readonly place: readonly string[];
  /** As its author would write it: `doc.cards.get("2").at.x`. */
  readonly path: string;
}

/** The first one in a document, of all that its records hold. */
export function missingValue(root: RecordNode): MissingValue | undefined {
  return missingIn(root, [], "doc");
}

function missingIn(record: RecordNode, place: readonly string[], path: string): MissingValue | undefined {
  for (const field of record.$type.slots) {
    const value = record.$get(field.index);
    const inner = (): MissingValue["place"] => [...place, field.name];
    if (value === undefined) {
      if (!field.node.isOptional) return { field, place: inner(), path: `${path}.${field.name}` };
    } else if (field.recordType !== undefined && canMiss(field.recordType)) {
      const missing =
        value instanceof RecordNode
          ? missingIn(value, inner(), `${path}.${field.name}`)
          : missingWithin(value as MapNode | TableNode, inner(), `${path}.${field.name}`);
      if (missing !== undefined) return missing;
    }
  }
  return undefined;
}

function missingWithin(node: MapNode | TableNode, place: readonly string[], path: string): MissingValue | undefined {
  const records = node instanceof TableNode ? node.$order.toArray() : node.$keys().map((key) => node.$element(key));
  for (const record of records as readonly RecordNode[]) {
    const missing = missingIn(record, [...place, record.$key], `${path}.get(${JSON.stringify(record.$key)})`);
    if (missing !== undefined) return missing;
  }
  return undefined;
}

/** Whether its records need be looked at. */
function canMiss({ slots }: RecordType): boolean {
  return slots.some((field) => {
    const { node, recordType } = field;
    if (!node.isOptional && !isContainer(node)) return true;
    return recordType !== undefined && canMiss(recordType);
  });
}
