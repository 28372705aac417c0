import type { DefinitionProblem } from "../definition-problem.ts";
import type { DefinitionSet } from "../definition-set.ts";
import type { ErrorRegistry } from "../model/error-registry.ts";
import { compareApis } from "./compare-apis.ts";
import { compareProtocols } from "./compare-protocols.ts";
import { ProblemSink } from "./problem-sink.ts";

/** What in the current definitions breaks peers that were built from the released ones. Empty if nothing does. */
export function compareDefinitions(released: DefinitionSet, current: DefinitionSet): readonly DefinitionProblem[] {
  const problems: DefinitionProblem[] = [];
  const pair = <Definition extends { readonly name: string; readonly file: string }>(
    before: readonly Definition[],
    now: readonly Definition[],
    compare: (before: Definition, now: Definition) => readonly DefinitionProblem[],
  ): void => {
    for (const definition of before) {
      const found = now.find((candidate) => candidate.name === definition.name);
      if (found === undefined) problems.push(gone(definition));
      else problems.push(...compare(definition, found));
    }
  };
  pair(released.protocols, current.protocols, compareProtocols);
  pair(released.apis, current.apis, compareApis);
  const [before] = released.errors;
  const [now] = current.errors;
  if (before !== undefined && now === undefined) problems.push(gone({ file: before.file, name: "error registry" }));
  if (before !== undefined && now !== undefined) problems.push(...compareErrors(before, now));
  return problems;
}

function gone(definition: { readonly name: string; readonly file: string }): DefinitionProblem {
  const { file, name } = definition;
  return { file, line: 1, element: name, problem: "was released and is gone", fix: "Put the file back" };
}

function compareErrors(released: ErrorRegistry, current: ErrorRegistry): readonly DefinitionProblem[] {
  const sink = new ProblemSink(current.file);
  const { kept, added } = sink.pairs("error", released.errors, current.errors, (entry) => entry.code, 1);
  for (const [before, now] of kept) {
    const changed = (["number", "retryable", "httpStatus", "audience"] as const).filter(
      (name) => before[name] !== now[name],
    );
    if (changed.length === 0) continue;
    sink.add(now.line, `error "${now.code}"`, `${changed.join(", ")} changed`, "Put it back and add a new error");
  }
  const numbers = new Set(released.errors.map((entry) => entry.number));
  for (const entry of added) {
    if (numbers.has(entry.number))
      sink.add(entry.line, `error "${entry.code}"`, "has the number of a released error", "Take a new one");
  }
  return sink.problems;
}
