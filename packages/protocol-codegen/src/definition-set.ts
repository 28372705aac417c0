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
  for (const name of xmlFilesOf(folder)) {
    const source = readFileSync(join(folder, name), "utf8");
    const root = caught(problems, () => parseXml(name, source));
    if (root === undefined) continue;
    documents.push({ root, source });
    caught(problems, () => readRoot(root, { protocols, apis, errors }));
  }
  if (options.validatesSchema !== false) {
    // Where our own check has spoken already, the schema's sentence would only say the same in other words.
    const spoken = new Set(problems.flatMap((problem) => [placeOf(problem), sentenceOf(problem)]));
    problems.push(
      ...(await schemaProblems(documents)).filter(
        (problem) => !spoken.has(isAboutPresence(problem) ? sentenceOf(problem) : placeOf(problem)),
      ),
    );
  }
  problems.push(...sharedNames({ protocols, apis, errors }));
  if (problems.length > 0) throw new DefinitionError(problems);
  return { protocols, apis, errors };
}

function xmlFilesOf(folder: string): string[] {
  const refuse = (problem: string): never => {
    const fix = "Name a folder of *.xml definitions; codegen init writes examples to start from";
    throw new DefinitionError([{ file: folder, line: 1, element: "folder", problem, fix }]);
  };
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  const files = names.filter((name) => name.endsWith(".xml")).sort();
  return files.length === 0 ? refuse("has no definitions") : files;
}

/** Attributes that are missing or unknown are told one by one: several of an element are several mistakes. */
function isAboutPresence({ problem }: DefinitionProblem): boolean {
  return problem.endsWith(" is missing") || problem.endsWith(" is unknown");
}

function sentenceOf(problem: DefinitionProblem): string {
  return `${placeOf(problem)} ${problem.problem}`;
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

/** What would meet in one file or, where one process speaks several protocols, on one wire. */
function sharedNames({ protocols, apis, errors }: DefinitionSet): DefinitionProblem[] {
  const problems: DefinitionProblem[] = [];
  const seen = new Map<string, string>();
  const claim = (file: string, line: number, what: string, fix = "Choose another one"): void => {
    const holder = seen.get(what);
    if (holder === undefined) seen.set(what, file);
    else problems.push({ file, line, element: what, problem: `is taken by ${holder}`, fix });
  };
  for (const { file, line, name } of [...protocols, ...apis]) claim(file, line, `name ${name}`);
  for (const { file, services } of protocols) {
    for (const service of services) claim(file, service.line, `service id ${service.id}`);
  }
  for (const { file } of errors) claim(file, 1, "error registry", "Put all errors into one file");
  return problems;
}
