import type { DocumentDefinition } from "./define-document.ts";
import { isContainer, type SchemaNode } from "./schema-node.ts";

type Fields = Readonly<Record<string, SchemaNode>>;

/**
 * Why `newer` cannot open what `older` wrote, if so. With the same version, everything that `older` may have stored must
 * be a state of `newer` as it is; with a larger one, there must be a migration for every step.
 */
export function successorProblem(older: DocumentDefinition, newer: DocumentDefinition): string | undefined {
  if (newer.space !== older.space) return `it is of the space "${newer.space}", not "${older.space}"`;
  if (newer.version < older.version) {
    return `version went back from ${older.version} to ${newer.version}: documents may be stored as version ${older.version} by now`;
  }
  if (newer.version === older.version) {
    const problem = fieldsProblem(older.stateFields, newer.stateFields, "doc");
    const remedy = `raise version to ${older.version + 1} and say in migrate[${older.version}] what becomes of documents that exist`;
    return problem === undefined ? undefined : `${problem}; ${remedy}`;
  }
  for (let version = older.version; version < newer.version; version++) {
    if (typeof newer.migrate[version] !== "function") return `there is no migration from version ${version}`;
  }
  return undefined;
}

function fieldsProblem(older: Fields, newer: Fields, path: string): string | undefined {
  for (const [name, node] of Object.entries(older)) {
    const problem = Object.hasOwn(newer, name)
      ? nodeProblem(node, newer[name]!, `${path}.${name}`)
      : `${path}.${name} is gone`;
    if (problem !== undefined) return problem;
  }
  const added = Object.keys(newer).find((name) => !Object.hasOwn(older, name) && mustBeGiven(newer[name]!));
  return added === undefined ? undefined : `${path}.${added} is new and not optional`;
}

function nodeProblem(older: SchemaNode, newer: SchemaNode, path: string): string | undefined {
  if (newer.kind !== older.kind) return `${path} was a ${older.kind} and is a ${newer.kind}`;
  if (older.isOptional && !newer.isOptional) return `${path} was optional and is not`;
  const missing = older.values?.find((value) => newer.values?.includes(value) !== true);
  if (missing !== undefined) return `${path} has no "${missing}" any more`;
  if ((newer.lengthMax ?? Infinity) < (older.lengthMax ?? Infinity)) return `${path} takes less text than before`;
  if ((newer.min ?? -Infinity) > (older.min ?? -Infinity) || (newer.max ?? Infinity) < (older.max ?? Infinity)) {
    return `${path} takes fewer numbers than before`;
  }
  if (older.element !== undefined) return nodeProblem(older.element, newer.element!, `${path}[]`);
  return older.fields === undefined ? undefined : fieldsProblem(older.fields, newer.fields!, path);
}

/** Whether a document that has no value for it is incomplete. */
function mustBeGiven(node: SchemaNode): boolean {
  return !node.isOptional && !isContainer(node);
}
