import type { XmlElement } from "../xml/xml-element.ts";
import type { Api, ApiClose, ApiFrame, ApiLimit, ApiMethod, ApiNotice } from "./api.ts";
import { AttributeReader, ProblemList } from "./attribute-reader.ts";
import { checkApi } from "./check-api.ts";
import { isApiTypeElement, readApiType } from "./read-api-type.ts";
import { readMember } from "./read-member.ts";

export const apiNamespace = "urn:tidewire:api:1";
const NAME = /^[a-z][A-Za-z0-9]*$/;
const PACKAGE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const DAY_MS = 86_400_000;

/** Reads and checks an `<api>`; throws `DefinitionError` with everything that is wrong with it. */
export function readApi(root: XmlElement): Api {
  const problems = new ProblemList();
  if (root.name !== "api" || root.namespace !== apiNamespace) {
    problems.add(root, "is no definition of a JSON API", `Use <api xmlns="${apiNamespace}">`);
    problems.settle();
  }
  const attributes = new AttributeReader(root, problems);
  const all = (name: string): XmlElement[] => root.children.filter((child) => child.name === name);
  for (const child of root.children) {
    if (isApiTypeElement(child) || ["method", "notice", "frame", "limit", "close"].includes(child.name)) continue;
    problems.add(child, "is not known inside api", "Use a type, method, notice, frame, limit or close");
  }
  const api: Api = {
    name: attributes.identifier("name", PACKAGE_NAME),
    version: attributes.integer("version", { min: 1, max: 65_535 }),
    package: attributes.identifier("package", PACKAGE_NAME),
    path: attributes.text("path"),
    subprotocol: attributes.text("subprotocol"),
    heartbeatMs: attributes.integer("heartbeatMs", { min: 100, max: DAY_MS }),
    documentation: root.text,
    types: root.children.filter(isApiTypeElement).map((element) => readApiType(element, problems)),
    methods: all("method").map((element) => readMethod(element, problems)),
    notices: all("notice").map((element) => readNotice(element, problems)),
    frames: all("frame").map((element) => readFrame(element, problems)),
    limits: all("limit").map((element) => readLimit(element, problems)),
    closes: all("close").map((element) => readClose(element, problems)),
    file: root.file,
    line: root.line,
  };
  checkApi(api, problems);
  problems.settle();
  return api;
}

function readMethod(element: XmlElement, problems: ProblemList): ApiMethod {
  const attributes = new AttributeReader(element, problems);
  const answer = attributes.choice("answer", ["result", "stream"]);
  return {
    name: attributes.identifier("name", /^[a-z][A-Za-z0-9]*(\/[a-z][A-Za-z0-9]*)*$/),
    answer,
    result: answer === "result" ? attributes.text("result") : undefined,
    authorisation: attributes.choice("authorisation", ["none", "principal"]),
    isIdempotent: attributes.flag("idempotent"),
    retry: attributes.choice("retry", ["never", "unsent", "safe", "marker"]),
    deadlineMs: attributes.integer("deadlineMs", { min: 1, max: DAY_MS }),
    parameters: element.children.map((child) => readMember(child, problems)),
    documentation: element.text,
    line: element.line,
  };
}

function readNotice(element: XmlElement, problems: ProblemList): ApiNotice {
  return { ...readMember(element, problems), fault: new AttributeReader(element, problems).text("fault") };
}

function readFrame(element: XmlElement, problems: ProblemList): ApiFrame {
  const attributes = new AttributeReader(element, problems);
  return {
    name: attributes.identifier("name", NAME),
    of: attributes.choice("of", ["request", "stream", "connection"]),
    type: attributes.text("type"),
    isLast: attributes.flag("last"),
    documentation: element.text,
    line: element.line,
  };
}

function readLimit(element: XmlElement, problems: ProblemList): ApiLimit {
  const attributes = new AttributeReader(element, problems);
  return {
    name: attributes.identifier("name", NAME),
    default: attributes.integer("default", { min: 1, max: Number.MAX_SAFE_INTEGER }),
    error: attributes.optionalText("error"),
    documentation: element.text,
  };
}

function readClose(element: XmlElement, problems: ProblemList): ApiClose {
  const attributes = new AttributeReader(element, problems);
  return {
    name: attributes.identifier("name", NAME),
    code: attributes.integer("code", { min: 1000, max: 4999 }),
    reconnect: attributes.choice("reconnect", ["true", "false"]) === "true",
    documentation: element.text,
    line: element.line,
  };
}
