import type { Principal } from "@tidewire/foundation";

/**
 * Where a schema keeps its plain description. `Symbol.for`, because a bundle of document code brings its own copy of this
 * package: the host reads descriptions, never classes.
 */
export const schemaKey: unique symbol = Symbol.for("tidewire.schema");

export type ScalarKind = "int" | "number" | "string" | "boolean" | "enum" | "principal" | "timestamp" | "json";
export type SchemaKind = ScalarKind | "list" | "map" | "table" | "record";

/** What a policy or a view may know about who is looking. */
export interface PolicyViewer {
  readonly principal: Principal;
  /** What the client said about itself; `undefined` if it said nothing. */
  readonly viewState: unknown;
}

/**
 * Whether `viewer` may see something. Pure: it reads state, never writes, and gives the same answer for the same state.
 * A throw hides. It gets the document only if it has three parameters: one with fewer reads its record and the viewer,
 * and is asked again only when the record changes.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a field's policy is written before the types of its record and document exist
export type FieldPolicy = (record: any, viewer: any, doc: any) => boolean;

/** A schema as data. */
export interface SchemaNode {
  readonly kind: SchemaKind;
  readonly isOptional: boolean;
  readonly isPrivate: boolean;
  readonly defaultValue?: unknown;
  /** Of a field: called with the record that holds it. */
  readonly policy?: FieldPolicy;
  /** Strings: in UTF-16 code units. */
  readonly lengthMax?: number;
  /** Numbers. */
  readonly min?: number;
  readonly max?: number;
  /** Enums. */
  readonly values?: readonly string[];
  /** Lists, maps and tables. */
  readonly element?: SchemaNode;
  /** Tables: fields with an index, beside those that get one by being asked for. */
  readonly indexes?: readonly string[];
  /** Records. */
  readonly fields?: Readonly<Record<string, SchemaNode>>;
  /** Of a record: called with the record itself. */
  readonly recordPolicy?: FieldPolicy;
}

export interface SchemaHolder {
  readonly [schemaKey]: SchemaNode;
}

export function isContainer(node: SchemaNode): boolean {
  return node.kind === "list" || node.kind === "map" || node.kind === "table";
}

/** Whether a query can ask for it. */
export function isComparable(node: SchemaNode): boolean {
  return node.kind !== "record" && node.kind !== "json" && !isContainer(node);
}
