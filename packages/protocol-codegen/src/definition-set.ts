import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DefinitionError, type DefinitionProblem } from "./definition-problem.ts";
import type { Api } from "./model/api.ts";
import { type ErrorRegistry, errorsNamespace, readErrorRegistry } from "./model/error-registry.ts";
import type { Protocol } from "./model/protocol.ts";
import { apiNamespace, readApi } from "./model/read-api.ts";
import { protocolNamespace, readProtocol } from "./model/read-protocol.ts";
import { type ParsedDocument, schemaProblems } from "./xml/schema-check.ts";
import { parseXml, type XmlElement } from "./xml/xml-element.ts";

/** All definitions of one folder. */
export interface DefinitionSet {
  readonly protocols: readonly Protocol[];
  readonly apis: readonly Api[];
  readonly errors: readonly ErrorRegistry[];
}

export interface ReadOptions {
  /** Off for definitions that were validated before they were put where they are; the validator takes its time. */
  readonly validatesSchema?: boolean;
}

/** Reads every `*.xml` of the folder; throws one `DefinitionError` with the problems of all files. */
export async function readDefinitions(folder: string, options: ReadOptions = {}): Promise<DefinitionSet> {
  const protocols: Protocol[] = [];
  const apis: Api[] = [];
  const errors: ErrorRegistry[] = [];
  const problems: DefinitionProblem[] = [];
  const documents: ParsedDocument[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".xml")) continue;
    const source = readFileSync(join(folder, name), "utf8");
    const root = caught(problems, () => parseXml(name, source));
    if (root === undefined) continue;
    documents.push({ root, source });
    caught(problems, () => readRoot(root, { protocols, apis, errors }));
  }
  if (options.validatesSchema !== false) {
    // Where our own check has spoken already, the schema's sentence would only say the same in other words.
    const spoken = new Set(problems.map(placeOf));
    problems.push(...(await schemaProblems(documents)).filter((problem) => !spoken.has(placeOf(problem))));
  }
  problems.push(...sharedNames(protocols));
  if (problems.length > 0) throw new DefinitionError(problems);
  return { protocols, apis, errors };
}

function placeOf(problem: DefinitionProblem): string {
  return `${problem.file}:${problem.line}`;
}

function readRoot(root: XmlElement, into: { protocols: Protocol[]; apis: Api[]; errors: ErrorRegistry[] }): void {
  if (root.namespace === errorsNamespace) into.errors.push(readErrorRegistry(root));
  else if (root.namespace === apiNamespace) into.apis.push(readApi(root));
  else if (root.namespace === protocolNamespace) into.protocols.push(readProtocol(root));
}

function caught<Result>(problems: DefinitionProblem[], read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** Names and service ids that would meet when one process speaks several protocols. */
function sharedNames(protocols: readonly Protocol[]): DefinitionProblem[] {
  const problems: DefinitionProblem[] = [];
  const seen = new Map<string, string>();
  const claim = (file: string, line: number, what: string): void => {
    const holder = seen.get(what);
    if (holder === undefined) seen.set(what, file);
    else problems.push({ file, line, element: what, problem: `is taken by ${holder}`, fix: "Choose another one" });
  };
  for (const protocol of protocols) {
    claim(protocol.file, protocol.line, `protocol name ${protocol.name}`);
    for (const service of protocol.services) claim(protocol.file, service.line, `service id ${service.id}`);
  }
  return problems;
}
