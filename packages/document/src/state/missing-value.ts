import { isContainer } from "../author/schema-node.ts";
import type { MapNode } from "./map-node.ts";
import { RecordNode } from "./record-node.ts";
import type { FieldType, RecordType } from "./record-type.ts";
import type { TableNode } from "./table-node.ts";

/** A field that must have a value and has none. */
export interface MissingValue {
  readonly field: FieldType;
  /** From the document: names of fields, keys of records. */
  readonly place: readonly string[];
  /** As its author would write it: `doc.cards.get("2").at.x`. */
  readonly path: string;
}

/**
 * The first one in a document, of all that its records hold. Documents of 100,000 records are looked through each time they
 * are loaded, and nearly all lack nothing: first whether there is one, which makes no garbage, then where.
 */
export function missingValue(root: RecordNode): MissingValue | undefined {
  return new Completeness().isComplete(root) ? undefined : missingIn(root, [], "doc");
}

/** What has to be looked at, by the type of a record: containers have a value always. */
interface Needed {
  readonly slots: readonly number[];
  /** Fields whose records may miss something. */
  readonly nested: readonly FieldType[];
}

class Completeness {
  readonly #needed = new Map<RecordType, Needed>();

  isComplete(record: RecordNode): boolean {
    return this.#isComplete(record, this.#of(record.$type));
  }

  #isComplete(record: RecordNode, { slots, nested }: Needed): boolean {
    for (const slot of slots) if (record.$get(slot) === undefined) return false;
    for (const field of nested) {
      const value = record.$get(field.index);
      if (value !== undefined && !this.#isWhole(value, this.#of(field.recordType!))) return false;
    }
    return true;
  }

  #isWhole(value: unknown, needed: Needed): boolean {
    if (value instanceof RecordNode) return this.#isComplete(value, needed);
    for (const record of (value as MapNode | TableNode).$elements()) {
      if (!this.#isComplete(record as RecordNode, needed)) return false;
    }
    return true;
  }

  #of(type: RecordType): Needed {
    const known = this.#needed.get(type);
    if (known !== undefined) return known;
    const slots = type.slots.filter(({ node }) => !node.isOptional && !isContainer(node)).map(({ index }) => index);
    const nested = type.slots.filter(({ recordType }) => {
      if (recordType === undefined) return false;
      const inner = this.#of(recordType);
      return inner.slots.length > 0 || inner.nested.length > 0;
    });
    const needed = { slots, nested };
    this.#needed.set(type, needed);
    return needed;
  }
}

function missingIn(record: RecordNode, place: readonly string[], path: string): MissingValue | undefined {
  for (const field of record.$type.slots) {
    const value = record.$get(field.index);
    const inner = [...place, field.name];
    const innerPath = `${path}.${field.name}`;
    if (value === undefined) {
      if (!field.node.isOptional) return { field, place: inner, path: innerPath };
    } else if (field.recordType !== undefined) {
      const missing =
        value instanceof RecordNode
          ? missingIn(value, inner, innerPath)
          : missingWithin(value as MapNode | TableNode, inner, innerPath);
      if (missing !== undefined) return missing;
    }
  }
  return undefined;
}

function missingWithin(node: MapNode | TableNode, place: readonly string[], path: string): MissingValue | undefined {
  for (const record of node.$all()) {
    const missing = missingIn(record, [...place, record.$key], `${path}.get(${JSON.stringify(record.$key)})`);
    if (missing !== undefined) return missing;
  }
  return undefined;
}
