import type { XmlElement } from "../xml/xml-element.ts";
import { AttributeReader, type ProblemList } from "./attribute-reader.ts";
import { defaultBounds, type Field, type FieldType, type ScalarName, scalarNames } from "./protocol.ts";
import type { TypeNames } from "./type-names.ts";

const FIELD_NAME = /^[a-z][A-Za-z0-9]*$/;
const MAX_BYTES = 16_777_216;

export function readField(element: XmlElement, types: TypeNames, problems: ProblemList): Field {
  const attributes = new AttributeReader(element, problems);
  const type = readType(element, attributes, types, problems);
  const isJson = type.kind === "scalar" && type.name === "json";
  const isList = attributes.flag("list");
  const isMap = attributes.flag("map");
  const name = attributes.identifier("name", FIELD_NAME);
  if (name in Object.prototype)
    problems.add(element, "has the name of something every object inherits", "Choose another");
  refuseIdleBounds(element, type, { isList, isMap }, problems);
  if (isList && isMap) problems.add(element, "is both a list and a map", "Remove one of list and map");
  return {
    id: attributes.integer("id", { min: 1, max: 65_535 }),
    name,
    type,
    container: isList ? "list" : isMap ? "map" : "single",
    isOptional: attributes.flag("optional"),
    maxLength: attributes.integer(
      "maxLength",
      { min: 1, max: MAX_BYTES },
      isJson ? defaultBounds.jsonMaxLength : defaultBounds.stringMaxLength,
    ),
    minBytes: attributes.integer("minBytes", { min: 0, max: MAX_BYTES }, 0),
    maxBytes: attributes.integer("maxBytes", { min: 1, max: MAX_BYTES }, defaultBounds.bytesMaxBytes),
    maxCount: attributes.integer("maxCount", { min: 1, max: MAX_BYTES }, defaultBounds.maxCount),
    keyMaxLength: attributes.integer("keyMaxLength", { min: 1, max: 65_536 }, defaultBounds.keyMaxLength),
    defaultText: attributes.optionalText("default"),
    since: attributes.integer("since", { min: 1, max: 65_535 }, 1),
    boundsSince: attributes.integer("boundsSince", { min: 1, max: 65_535 }, 1),
    documentation: element.text,
    line: element.line,
  };
}

/** A bound that bounds nothing would let its author believe otherwise. */
function refuseIdleBounds(
  element: XmlElement,
  type: FieldType,
  { isList, isMap }: { readonly isList: boolean; readonly isMap: boolean },
  problems: ProblemList,
): void {
  const isText = type.kind === "scalar" && (type.name === "string" || type.name === "json");
  const isBytes = type.kind === "scalar" && type.name === "bytes";
  const belongsTo: readonly (readonly [bound: string, applies: boolean, to: string])[] = [
    ["maxLength", isText, "string and json"],
    ["minBytes", isBytes, "bytes"],
    ["maxBytes", isBytes, "bytes"],
    ["maxCount", isList || isMap, "lists and maps"],
    ["keyMaxLength", isMap, "maps"],
    ["boundsSince", isText || isBytes || isList || isMap, "strings, json, bytes, lists and maps"],
  ];
  for (const [bound, applies, to] of belongsTo) {
    if (applies || !element.attributes.has(bound)) continue;
    problems.add(element, `${bound} bounds nothing here`, `It is for ${to}: remove it, or use the one that fits`);
  }
}

function readType(
  element: XmlElement,
  attributes: AttributeReader,
  types: TypeNames,
  problems: ProblemList,
): FieldType {
  const name = attributes.text("type");
  const scalar: ScalarName | undefined = scalarNames.find((candidate) => candidate === name);
  if (scalar !== undefined) return { kind: "scalar", name: scalar };
  const kind = types.kindOf(name);
  if (kind !== undefined) return { kind, name };
  if (name !== "") {
    problems.add(
      element,
      `type "${name}" is unknown`,
      `Declare it in this file or use one of: ${scalarNames.join(", ")}`,
    );
  }
  return { kind: "scalar", name: "u8" };
}
