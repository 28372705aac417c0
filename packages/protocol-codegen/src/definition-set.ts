import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DefinitionError, type DefinitionProblem } from "./definition-problem.ts";
import type { Api } from "./model/api.ts";
import { type ErrorRegistry, errorsNamespace, readErrorRegistry } from "./model/error-registry.ts";
import type { Protocol } from "./model/protocol.ts";
import { apiNamespace, readApi } from "./model/read-api.ts";
import { readProtocol } from "./model/read-protocol.ts";
import { parseXml } from "./xml/xml-element.ts";

/** All definitions of one folder. */
export interface DefinitionSet {
  readonly protocols: readonly Protocol[];
  readonly apis: readonly Api[];
  readonly errors: readonly ErrorRegistry[];
}

/** Reads every `*.xml` of the folder; throws one `DefinitionError` with the problems of all files. */
export function readDefinitions(folder: string): DefinitionSet {
  const protocols: Protocol[] = [];
  const apis: Api[] = [];
  const errors: ErrorRegistry[] = [];
  const problems: DefinitionProblem[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith(".xml")) continue;
    try {
      const root = parseXml(name, readFileSync(join(folder, name), "utf8"));
      if (root.namespace === errorsNamespace) errors.push(readErrorRegistry(root));
      else if (root.namespace === apiNamespace) apis.push(readApi(root));
      else protocols.push(readProtocol(root));
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      problems.push(...error.problems);
    }
  }
  problems.push(...sharedNames(protocols));
  if (problems.length > 0) throw new DefinitionError(problems);
  return { protocols, apis, errors };
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
    claim(protocol.file, 1, `protocol name ${protocol.name}`);
    for (const service of protocol.services) claim(protocol.file, service.line, `service id ${service.id}`);
  }
  return problems;
}
