import { describeElement, type XmlElement } from "../xml/xml-element.ts";
import { AttributeReader, ProblemList } from "./attribute-reader.ts";
import { checkProtocol } from "./check-protocol.ts";
import type { EnumType, MessageType, Protocol, UnionType } from "./protocol.ts";
import { readField } from "./read-field.ts";
import { readService } from "./read-service.ts";
import { TypeNames } from "./type-names.ts";

export const protocolNamespace = "urn:tidewire:protocol:1";
const TYPE_NAME = /^[A-Z][A-Za-z0-9]*$/;
const MEMBER_NAME = /^[a-z][A-Za-z0-9]*$/;
const PROTOCOL_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Reads and checks a `<protocol>`; throws `DefinitionError` with everything that is wrong with it. */
export function readProtocol(root: XmlElement): Protocol {
  const problems = new ProblemList();
  const attributes = new AttributeReader(root, problems);
  if (root.name !== "protocol" || root.namespace !== protocolNamespace) {
    problems.add(root, "is no protocol definition", `Use <protocol xmlns="${protocolNamespace}">`);
    problems.settle();
  }
  const types = new TypeNames(root);
  const protocol: Protocol = {
    name: attributes.identifier("name", PROTOCOL_NAME),
    version: attributes.integer("version", { min: 1, max: 65_535 }),
    package: attributes.identifier("package", PROTOCOL_NAME),
    documentation: root.text,
    enums: childrenOf(root, "enum").map((element) => readEnum(element, problems)),
    messages: childrenOf(root, "message").map((element) => readMessage(element, types, problems)),
    unions: childrenOf(root, "union").map((element) => readUnion(element, problems)),
    services: childrenOf(root, "service").map((element) => readService(element, problems)),
    file: root.file,
    line: root.line,
  };
  rejectOthers(root, ["enum", "message", "union", "service"], problems);
  checkProtocol(protocol, problems);
  problems.settle();
  return protocol;
}

function readEnum(element: XmlElement, problems: ProblemList): EnumType {
  const attributes = new AttributeReader(element, problems);
  rejectOthers(element, ["value"], problems);
  return {
    name: attributes.identifier("name", TYPE_NAME),
    documentation: element.text,
    fallback: attributes.optionalText("fallback"),
    values: childrenOf(element, "value").map((value) => {
      const read = new AttributeReader(value, problems);
      return {
        name: read.identifier("name", /^[a-z][A-Za-z0-9_-]*$/),
        number: read.integer("number", { min: 1, max: 255 }),
        since: read.integer("since", { min: 1, max: 65_535 }, 1),
        documentation: value.text,
        line: value.line,
      };
    }),
    line: element.line,
  };
}

function readMessage(element: XmlElement, types: TypeNames, problems: ProblemList): MessageType {
  rejectOthers(element, ["field"], problems);
  return {
    name: new AttributeReader(element, problems).identifier("name", TYPE_NAME),
    documentation: element.text,
    fields: childrenOf(element, "field").map((field) => readField(field, types, problems)),
    line: element.line,
  };
}

function readUnion(element: XmlElement, problems: ProblemList): UnionType {
  const attributes = new AttributeReader(element, problems);
  rejectOthers(element, ["variant"], problems);
  return {
    name: attributes.identifier("name", TYPE_NAME),
    documentation: element.text,
    unknown: attributes.choice("unknown", ["fault", "skip"], "fault"),
    variants: childrenOf(element, "variant").map((variant) => {
      const read = new AttributeReader(variant, problems);
      return {
        id: read.integer("id", { min: 1, max: 255 }),
        name: read.identifier("name", MEMBER_NAME),
        type: read.text("type"),
        since: read.integer("since", { min: 1, max: 65_535 }, 1),
        documentation: variant.text,
        line: variant.line,
      };
    }),
    line: element.line,
  };
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}

function rejectOthers(element: XmlElement, known: readonly string[], problems: ProblemList): void {
  for (const child of element.children) {
    if (known.includes(child.name)) continue;
    problems.add(child, `is not known inside ${describeElement(element)}`, `Use one of: ${known.join(", ")}`);
  }
}
