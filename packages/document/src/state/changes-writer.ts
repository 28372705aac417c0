import type { SchemaKind } from "../author/schema-node.ts";
import { asciiBytes, numberLengthMax } from "../encode/json-writer.ts";
import { positionMax, wordRest, wordsSource } from "../encode/words.ts";
import type { FieldType, RecordType } from "./record-type.ts";

/** Room is made for this many fields at once: of a record with hundreds mostly a few have changed. */
const fieldsAtOnce = 12;

/** After a position: to V8 one that comes from elsewhere is any number, and each addition to it is looked at. */
const masked = ` & ${positionMax - 1}`;

/** How the value of a changed scalar is written after its key; those that are not here are JSON. */
const kindWriters: Readonly<Partial<Record<SchemaKind, "number" | "boolean" | "string">>> = {
  int: "number",
  number: "number",
  timestamp: "number",
  boolean: "boolean",
  string: "string",
  enum: "string",
};

/**
 * Source of the methods that write the scalars that everyone sees and that have changed: alone, and of an element with its
 * key and the braces around them. One field after the other, where a loop would have to ask each of them what it is, and
 * keys as words: a loop over their bytes ends somewhere else for each, which the processor cannot know before. All that is
 * known of the writer is in local variables: whatever is in a member is looked up again after each call.
 */
export function changesWriterSource({ plainFields, isElement }: RecordType): string {
  const changes = `$writeChanges(walk, from) {
    const stamps = this.$fieldStamps;
    if (stamps === null) return;
    const { out } = walk, start = out.position;
    let at = out.room(${roomFrom(plainFields, 0)})${masked}, { view } = out;
    const inside = at;
    ${fieldsSource(plainFields)}
    out.position = at === inside ? start : at;
  }`;
  if (!isElement) return changes;
  return `${changes}
  $writeElement(walk, from) {
    const stamps = this.$fieldStamps;
    if (stamps === null) return;
    const { out } = walk, start = out.position;
    let at = out.openElement(this.$key, ${roomFrom(plainFields, 0)})${masked}, { view } = out;
    const inside = at;
    ${fieldsSource(plainFields)}
    if (at === inside) out.position = start;
    else { view.setInt8(at - 1, 125); view.setInt8(at, 44); out.position = at + 1; }
  }`;
}

function fieldsSource(plainFields: readonly FieldType[]): string {
  const parts = ["let { newest } = walk, stamp = 0;"];
  for (let first = 0; first < plainFields.length; first += fieldsAtOnce) {
    const room = roomFrom(plainFields, first);
    if (first > 0) parts.push(`out.position = at; out.reserve(${room}); view = out.view;`);
    for (const field of plainFields.slice(first, first + fieldsAtOnce)) parts.push(fieldSource(field, room));
  }
  parts.push("walk.newest = newest;");
  return parts.join("\n    ");
}

/** For keys, values that are not texts, commas, and what stands behind the last one. */
function roomFrom(fields: readonly FieldType[], first: number): number {
  return fields
    .slice(first, first + fieldsAtOnce)
    .reduce((room, { label }) => room + label.length + numberLengthMax + 1, 1 + wordRest);
}

/** `room`: what has to be left for the fields behind it. */
function fieldSource({ index, label, node }: FieldType, room: number): string {
  return `if ((stamp = stamps[${index}]) > from) {
      if (stamp > newest) newest = stamp;
      const value = this.$${index};
      ${wordsSource(label)}
      if (value === undefined) { ${wordsSource(asciiBytes("null"))} }
      else { ${valueSource(index, kindWriters[node.kind], room)} }
      view.setInt8(at++, 44);
    }`;
}

function valueSource(index: number, kind: "number" | "boolean" | "string" | undefined, room: number): string {
  switch (kind) {
    case "number":
      return `at = ((value | 0) === value ? writeInteger(view, at, value) : out.numberAt(at, value))${masked};`;
    case "boolean":
      return `if (value) { ${wordsSource(asciiBytes("true"))} } else { ${wordsSource(asciiBytes("false"))} }`;
    case "string":
      return `at = out.stringAt(at, value, ${room})${masked}; view = out.view;`;
    case undefined:
      return `out.position = at; walk.changedJson(slots[${index}], value); out.reserve(${room}); view = out.view; at = out.position${masked};`;
  }
}
