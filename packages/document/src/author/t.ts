import type { Principal } from "@tidewire/foundation";
import type { ComparableKeys, DocumentList } from "./containers.ts";
import {
  type AnyField,
  type ContainerField,
  type Field,
  FieldBuilder,
  newSchemaNode,
  type ScalarField,
} from "./field.ts";
import type { InsertOf, RecordOf, ViewOfFields } from "./infer.ts";
import type { MapOf, RecordSchema, TableOf } from "./record.ts";
import { type SchemaHolder, type SchemaNode, schemaKey } from "./schema-node.ts";

// oxlint-disable typescript/no-explicit-any -- patterns that match any field

/** A JSON value without nulls: state says "absent" by absence. */
export type StateJson = string | number | boolean | readonly StateJson[] | { readonly [key: string]: StateJson };

export interface NumberField extends ScalarField<number> {
  min(min: number): NumberField;
  max(max: number): NumberField;
}

type InsertOfField<F> = F extends Field<any, infer Insert, any, any, any> ? Insert : never;
type ViewOfField<F> = F extends Field<any, any, infer View, any, any> ? View : never;
type FieldsOf<R> = R extends RecordSchema<infer F, any, any> ? F : never;
export interface TableField<R extends RecordSchema<any, any, any>>
  extends ContainerField<
    TableOf<R>,
    readonly InsertOf<FieldsOf<R>>[],
    readonly (ViewOfFields<FieldsOf<R>> & { readonly id: string })[]
  > {
  /** Keeps an index for `where` on these fields. Without, one is made the first time a field is asked for. */
  index(...fields: ComparableKeys<RecordOf<FieldsOf<R>>>[]): TableField<R>;
}

export interface MapField<Element extends AnyField>
  extends ContainerField<
    MapOf<Element>,
    { readonly [key: string]: InsertOfField<Element> },
    { readonly [key: string]: ViewOfField<Element> }
  > {
  /** As of a table; for maps of records. */
  index(
    ...fields: Element extends RecordSchema<infer F, any, any> ? ComparableKeys<RecordOf<F>>[] : never[]
  ): MapField<Element>;
}

const build = (kind: SchemaNode["kind"], rest: Partial<SchemaNode> = {}): unknown =>
  new FieldBuilder(newSchemaNode(kind, rest));

/** Throws `TypeError` for what is no schema, such as the plain fields of a record. */
function elementOf(element: Partial<SchemaHolder> | undefined, kind: string): SchemaNode {
  const node = element?.[schemaKey];
  if (node === undefined) throw new TypeError(`t.${kind} takes a schema: build it with t or record`);
  return node;
}

/** The schema builder. */
export const t = {
  /** A safe integer. */
  int: () => build("int") as NumberField,
  /** A finite number. */
  number: () => build("number") as NumberField,
  /** At most `lengthMax` UTF-16 code units. */
  string: (lengthMax = 65_536) => build("string", { lengthMax }) as ScalarField<string>,
  boolean: () => build("boolean") as ScalarField<boolean>,
  /** One of the given words; the first is where a document starts. */
  enum: <const Values extends readonly [string, ...string[]]>(...values: Values) =>
    build("enum", { values }) as ScalarField<Values[number]>,
  /** Who someone is. Equal principals of one document are the same object, so `===` compares them. */
  principal: () => build("principal") as ScalarField<Principal>,
  /** Milliseconds since 1970, an integer. */
  timestamp: () => build("timestamp") as ScalarField<number>,
  /** Plain JSON without nulls, replaced as a whole and frozen. */
  json: <Value extends StateJson = StateJson>() => build("json") as ScalarField<Value>,
  /** Scalars in a row. */
  list: <Value>(element: ScalarField<Value, any, any>) =>
    build("list", { element: elementOf(element, "list") }) as ContainerField<
      DocumentList<Value>,
      readonly Value[],
      readonly Value[]
    >,
  /** String keys to scalars or records. */
  map: <Element extends AnyField>(element: Element) =>
    build("map", { element: elementOf(element, "map") }) as MapField<Element>,
  /** Records in an order, with ids. */
  table: <R extends RecordSchema<any, any, any>>(row: R) =>
    build("table", { element: elementOf(row, "table") }) as TableField<R>,
};
