import { checkScalar } from "../author/scalar-check.ts";
import { isComparable, isContainer, type SchemaNode } from "../author/schema-node.ts";

const fieldPattern = /^[A-Za-z][A-Za-z0-9_]*$/;
/** A client walks views as deep as this several times over. */
const depthMax = 12;
const fieldsMax = 256;
/** Visibility of a record's fields is kept in the bits of one number. */
const policiesMax = 30;

/** Throws `TypeError` with the path of the first thing a schema must not be. */
export function checkSchema(fields: Readonly<Record<string, SchemaNode>>): void {
  checkFields(fields, { path: "doc", depth: 0, isRow: false });
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly isRow: boolean;
}

function checkFields(fields: Readonly<Record<string, SchemaNode>>, { path, depth, isRow }: Place): void {
  if (depth > depthMax) throw new TypeError(`${path}: records are nested more than ${depthMax} deep`);
  const names = Object.keys(fields);
  if (names.length > fieldsMax) throw new TypeError(`${path}: more than ${fieldsMax} fields`);
  for (const name of names) {
    const node = fields[name]!;
    const place = `${path}.${name}`;
    if (!fieldPattern.test(name) || name in Object.prototype || name === "toJSON") {
      throw new TypeError(
        `${place}: a field name is a letter followed by letters, digits or _, and no name of every object`,
      );
    }
    if (isRow && name === "id") throw new TypeError(`${place}: records of a table have an id already`);
    checkNode(node, { path: place, depth: depth + 1, isRow: false });
  }
  const policies = names.filter((name) => hasPolicy(fields[name]!)).length;
  if (policies > policiesMax) throw new TypeError(`${path}: more than ${policiesMax} fields with a policy`);
}

function hasPolicy(node: SchemaNode): boolean {
  return node.policy !== undefined || (node.kind === "record" && node.recordPolicy !== undefined);
}

function checkNode(node: SchemaNode, place: Place): void {
  const { path, depth } = place;
  checkPolicies(node, path);
  if (isContainer(node)) checkContainer(node, place);
  else if (node.kind === "record") checkFields(node.fields!, { path, depth, isRow: false });
  else checkScalarNode(node, path);
}

function checkPolicies({ policy, recordPolicy }: SchemaNode, path: string): void {
  for (const each of [policy, recordPolicy]) {
    if (each !== undefined && typeof each !== "function") throw new TypeError(`${path}: a policy is a function`);
  }
}

function checkScalarNode(node: SchemaNode, path: string): void {
  const { kind, lengthMax = 0, min = -Infinity, max = Infinity, values, defaultValue } = node;
  if (!Number.isSafeInteger(lengthMax) || lengthMax < 0) throw new TypeError(`${path}: a length is a whole number`);
  const least = kind === "int" ? Math.ceil(min) : min;
  if (!(least <= max)) throw new TypeError(`${path}: no number is from ${min} to ${max}`);
  if (values !== undefined && (values.length === 0 || values.some((value) => typeof value !== "string"))) {
    throw new TypeError(`${path}: an enum has one word or more`);
  }
  if (new Set(values).size < (values?.length ?? 0)) throw new TypeError(`${path}: a word of an enum is there twice`);
  if (defaultValue === undefined) return;
  try {
    checkScalar(node, defaultValue);
  } catch (cause) {
    throw new TypeError(`${path}: the default is not a value of the field`, { cause });
  }
}

function checkContainer(node: SchemaNode, { path, depth }: Place): void {
  const element = node.element!;
  checkPolicies(element, `${path}[]`);
  if (element.kind === "record" && node.kind !== "list") {
    for (const name of node.indexes ?? []) {
      const field = Object.hasOwn(element.fields!, name) ? element.fields![name]! : undefined;
      if (field === undefined || !isComparable(field)) throw new TypeError(`${path}: no index can be of "${name}"`);
    }
    checkFields(element.fields!, { path: `${path}[]`, depth, isRow: node.kind === "table" });
    return;
  }
  if (node.kind === "table") throw new TypeError(`${path}: a table holds records`);
  if (node.indexes !== undefined) throw new TypeError(`${path}: only records have an index`);
  if (element.kind === "record" || isContainer(element)) {
    throw new TypeError(`${path}: a ${node.kind} holds ${node.kind === "list" ? "scalars" : "scalars or records"}`);
  }
  checkScalarNode(element, `${path}[]`);
  if (element.isOptional || element.isPrivate || element.policy !== undefined || element.defaultValue !== undefined) {
    throw new TypeError(`${path}: optional, private, default and visibleTo belong to the field, not to its elements`);
  }
}
