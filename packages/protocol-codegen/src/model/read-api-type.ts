import type { XmlElement } from "../xml/xml-element.ts";
import type { ApiType } from "./api.ts";
import { AttributeReader, type ProblemList } from "./attribute-reader.ts";
import { readMember } from "./read-member.ts";

const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/;
const TEXT_MAX_LENGTH = 1_048_576;

export function isApiTypeElement(element: XmlElement): boolean {
  return ["string", "integer", "number", "json", "object", "tuple"].includes(element.name);
}

export function readApiType(element: XmlElement, problems: ProblemList): ApiType {
  const attributes = new AttributeReader(element, problems);
  const base = {
    name: attributes.identifier("name", TYPE_NAME),
    documentation: element.text,
    line: element.line,
  };
  switch (element.name) {
    case "string":
      return {
        kind: "string",
        ...base,
        pattern: attributes.optionalText("pattern"),
        minLength: attributes.integer("minLength", { min: 0, max: TEXT_MAX_LENGTH }, 0),
        maxLength: attributes.integer("maxLength", { min: 1, max: TEXT_MAX_LENGTH }, TEXT_MAX_LENGTH),
      };
    case "integer":
      return {
        kind: "integer",
        ...base,
        min: attributes.integer("min", { min: 0, max: Number.MAX_SAFE_INTEGER }, 0),
        max: attributes.integer("max", { min: 0, max: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER),
      };
    case "number":
      return { kind: "number", ...base };
    case "json":
      return { kind: "json", ...base, depthMax: attributes.integer("depthMax", { min: 1, max: 1_000 }) };
    case "object":
      return { kind: "object", ...base, members: element.children.map((child) => readMember(child, problems)) };
    default:
      return { kind: "tuple", ...base, members: element.children.map((child) => readMember(child, problems)) };
  }
}
