import { describeType } from "../author/scalar-check.ts";
import { isContainer } from "../author/schema-node.ts";
import { StateError } from "../author/state-error.ts";
import type { RecordNode } from "./record-node.ts";
import type { FieldType } from "./record-type.ts";
import { elementBytes, scalarBytes } from "./sizes.ts";
import { StateNode } from "./state-node.ts";

/** A container that can take plain data once, when its record is made. */
export interface Fillable {
  $fill(values: unknown): void;
}

/** Gives a new record its fields from plain data. Throws `StateError`; what was made so far is then garbage. */
export function fillRecord(record: RecordNode, values: unknown, what: string): void {
  const source = plainObject(values, what);
  const type = record.$type;
  for (const name of Object.keys(source)) {
    if (!type.byName.has(name)) throw new StateError(`${what} has no field "${name}"`);
  }
  record.$state.bytes += elementBytes + record.$key.length;
  for (const field of type.slots) {
    fillField(record, field, Object.hasOwn(source, field.name) ? source[field.name] : undefined, what);
  }
}

/** Gives a record that begins with the document its first values: the defaults, or the zero of each type. */
export function fillWithZeros(record: RecordNode): void {
  record.$state.bytes += elementBytes;
  for (const field of record.$type.slots) fillZero(record, field);
}

function fillZero(record: RecordNode, field: FieldType): void {
  fillFirst(record, field, zeroOf);
}

/** The default of a field that was not given a value, if its schema says one. Records that must be there are made. */
export function fillDefault(record: RecordNode, field: FieldType): void {
  fillFirst(record, field, () => undefined);
}

/** Containers have their first value already. */
function fillFirst(record: RecordNode, field: FieldType, otherwise: (field: FieldType) => unknown): void {
  const { node } = field;
  if (isContainer(node)) return;
  if (node.kind === "record" && !node.isOptional && node.defaultValue === undefined) {
    const nested = new field.recordType!.Class(record.$state, record, "");
    nested.$state.bytes += elementBytes;
    for (const inner of nested.$type.slots) fillFirst(nested, inner, otherwise);
    record.$put(field.index, nested);
    return;
  }
  const value = node.defaultValue ?? (node.isOptional ? undefined : otherwise(field));
  if (value !== undefined) fillField(record, field, value, "the document");
}

function fillField(record: RecordNode, field: FieldType, given: unknown, what: string): void {
  const { node, index, name } = field;
  const value = given === undefined ? node.defaultValue : given;
  if (value instanceof StateNode) {
    throw new StateError(`${what}: "${name}" is given state of the document; an element is in one place only`);
  }
  if (isContainer(node)) {
    if (value !== undefined) (record.$get(index) as Fillable).$fill(value);
    return;
  }
  if (node.kind === "record") {
    if (value === undefined && node.isOptional) return;
    const nested = new field.recordType!.Class(record.$state, record, "");
    fillRecord(nested, value, `${what}.${name}`);
    record.$put(index, nested);
    return;
  }
  if (value === undefined && !node.isOptional) throw new StateError(`${what} needs the field "${name}"`);
  const checked = field.check(value, record.$state);
  record.$put(index, checked);
  record.$state.bytes += scalarBytes(node.kind, checked);
}

export function plainObject(value: unknown, what: string): Record<string, unknown> {
  if (value instanceof StateNode) {
    throw new StateError(`${what} is already in the document: an element is in one place only, give plain data`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new StateError(`${what}: expected an object with fields, got ${describeType(value)}`);
  }
  return value as Record<string, unknown>;
}

function zeroOf(field: FieldType): unknown {
  switch (field.node.kind) {
    case "int":
      return Math.min(Math.max(0, Math.ceil(field.node.min ?? 0)), Math.floor(field.node.max ?? Infinity));
    case "number":
      return Math.min(Math.max(0, field.node.min ?? 0), field.node.max ?? Infinity);
    case "timestamp":
      return 0;
    case "string":
      return "";
    case "boolean":
      return false;
    case "enum":
      return field.node.values![0];
    default:
      return undefined;
  }
}
