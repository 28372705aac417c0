import { readFileSync } from "node:fs";
import { validateXML } from "xmllint-wasm";
import type { DefinitionProblem } from "../definition-problem.ts";
import { schemaFolder } from "../schema-folder.ts";
import { describeElement, type XmlElement } from "./xml-element.ts";

/** Which schema a document says it follows, by its namespace. */
const schemaFiles: ReadonlyMap<string, string> = new Map([
  ["urn:tidewire:protocol:1", "protocol.xsd"],
  ["urn:tidewire:api:1", "api.xsd"],
  ["urn:tidewire:errors:1", "errors.xsd"],
]);

/** A well-formed document and the text it was parsed from. */
export interface ParsedDocument {
  readonly root: XmlElement;
  readonly source: string;
}

/** Validates documents against the XSD of their namespace; one run of the validator per schema. */
export async function schemaProblems(documents: readonly ParsedDocument[]): Promise<DefinitionProblem[]> {
  const problems = documents
    .filter(({ root }) => !schemaFiles.has(root.namespace))
    .map(({ root }) => strangerProblem(root));
  for (const [namespace, schemaFile] of schemaFiles) {
    const group = documents.filter(({ root }) => root.namespace === namespace);
    if (group.length === 0) continue;
    const schema = readFileSync(new URL(schemaFile, schemaFolder), "utf8");
    // Numbers for names: a file may be called anything, a worker's arguments may not.
    const xml = group.map(({ source }, index) => ({ fileName: `${index}.xml`, contents: source }));
    const result = await validateXML({ xml, schema: [schema] });
    for (const error of result.errors) {
      const document = group[Number.parseInt(error.loc?.fileName ?? "0", 10)] ?? group[0];
      if (document !== undefined)
        problems.push(problemOf(document.root, schema, error.message, error.loc?.lineNumber ?? 1));
    }
  }
  return problems;
}

function strangerProblem(root: XmlElement): DefinitionProblem {
  return {
    file: root.file,
    line: root.line,
    element: describeElement(root),
    problem: `has no known namespace ("${root.namespace}")`,
    fix: `Use one of: ${[...schemaFiles.keys()].join(", ")}`,
  };
}

/** libxml2's sentences, turned into what is wrong and what to do about it. */
function problemOf(root: XmlElement, schema: string, message: string, line: number): DefinitionProblem {
  const text = message.replaceAll(/\{urn:[^}]*\}/g, "").replace(/^Schemas validity error : /, "");
  const [, tag = "document", attribute, sentence = text] =
    /^Element '([^']*)'(?:, attribute '([^']*)')?: (.*)$/.exec(text) ?? [];
  const element = elementAtLine(root, tag, line);
  const base = { file: root.file, line, element: element === undefined ? tag : describeElement(element) };
  const expected = /Expected is (?:one of )?\( ([^)]*) \)/.exec(sentence)?.[1];
  if (expected !== undefined) return { ...base, problem: "is not expected here", fix: `Use one of: ${expected}` };
  const missing = /The attribute '([^']*)' is required but missing/.exec(sentence)?.[1];
  if (missing !== undefined) return { ...base, problem: `${missing} is missing`, fix: `Add the attribute ${missing}` };
  if (attribute !== undefined && sentence.includes("is not allowed")) {
    const likely = likelyAttribute(schema, attribute);
    const fix = likely === undefined ? "Remove it" : `Did you mean ${likely}? Otherwise remove it`;
    return { ...base, problem: `attribute ${attribute} is unknown`, fix };
  }
  const fix = attribute === undefined ? "Correct it" : `Correct the attribute ${attribute}`;
  return { ...base, problem: sentence.replace(/\.$/, ""), fix };
}

function elementAtLine(element: XmlElement, tag: string, line: number): XmlElement | undefined {
  if (element.name === tag && element.line === line) return element;
  for (const child of element.children) {
    const found = elementAtLine(child, tag, line);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The attribute of the schema that an unknown one was probably meant to be. */
function likelyAttribute(schema: string, written: string): string | undefined {
  const known = new Set([...schema.matchAll(/<xs:attribute name="([^"]+)"/g)].map((match) => match[1] as string));
  const lower = written.toLowerCase();
  return (
    [...known].find((name) => name.toLowerCase() === lower) ??
    [...known].find((name) => isPrefix(name.toLowerCase(), lower)) ??
    [...known].find((name) => differByOne(name.toLowerCase(), lower))
  );
}

function isPrefix(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** One letter changed, added or left out. */
function differByOne(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  return short.slice(short.length === long.length ? at + 1 : at) === long.slice(at + 1);
}
