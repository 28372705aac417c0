import type { XmlElement } from "../xml/xml-element.ts";
import { AttributeReader, type ProblemList } from "./attribute-reader.ts";
import type { Method, Service } from "./protocol.ts";

const DAY_MS = 86_400_000;

export function readService(element: XmlElement, problems: ProblemList): Service {
  const attributes = new AttributeReader(element, problems);
  return {
    name: attributes.identifier("name", /^[A-Z][A-Za-z0-9]*$/),
    id: attributes.integer("id", { min: 0, max: 255 }),
    heartbeatMs: attributes.integer("heartbeatMs", { min: 100, max: DAY_MS }),
    callers: attributes.words("callers"),
    methods: element.children.flatMap((child) => readMethod(child, problems)),
    documentation: element.text,
    line: element.line,
  };
}

function readMethod(element: XmlElement, problems: ProblemList): Method[] {
  const attributes = new AttributeReader(element, problems);
  const base = {
    id: attributes.integer("id", { min: 1, max: 255 }),
    name: attributes.identifier("name", /^[a-z][A-Za-z0-9]*$/),
    deadlineMs: attributes.integer("deadlineMs", { min: 1, max: DAY_MS }),
    documentation: element.text,
    line: element.line,
  };
  if (element.name === "unary") {
    return [
      {
        kind: "unary",
        ...base,
        request: attributes.text("request"),
        response: attributes.text("response"),
        isIdempotent: attributes.flag("idempotent"),
        retry: attributes.choice("retry", ["never", "unsent", "safe"]),
      },
    ];
  }
  if (element.name === "stream") {
    return [
      {
        kind: "stream",
        ...base,
        open: attributes.text("open"),
        up: attributes.text("up"),
        down: attributes.text("down"),
        credit: attributes.integer("credit", { min: 1, max: 65_535 }),
      },
    ];
  }
  problems.add(element, "is no kind of method", "Use one of: unary, stream");
  return [];
}
