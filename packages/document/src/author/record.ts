import type { DocumentMap, DocumentTable, RecordMap } from "./containers.ts";
import {
  type AnyField,
  type Audience,
  type Field,
  FieldBuilder,
  type Fields,
  newSchemaNode,
  type Presence,
} from "./field.ts";
import type { InsertOf, RecordOf, ViewOfFields } from "./infer.ts";
import { describeType } from "./scalar-check.ts";
import { type FieldPolicy, type PolicyViewer, type SchemaNode, schemaKey } from "./schema-node.ts";

// oxlint-disable typescript/no-explicit-any -- the document's type does not exist yet where its records are written

export type RecordPolicy<F extends Fields> = (
  record: RecordOf<F> & { readonly id: string },
  viewer: PolicyViewer,
  doc: any,
) => boolean;

/** The type of a record: an element of a map or table, or a nested record. */
export interface RecordSchema<
  F extends Fields,
  IsPresent extends Presence = "required",
  SeenBy extends Audience = "everyone",
> extends Field<RecordOf<F>, InsertOf<F>, ViewOfFields<F>, IsPresent, SeenBy> {
  readonly "~kind"?: "record";
  readonly fields: F;
  /** The whole record is visible only to whom `policy` says. */
  visibleTo(policy: RecordPolicy<F>): RecordSchema<F, IsPresent, "some">;
  /** Policies of single fields, with the types of the whole record at hand. */
  visibleFields(policies: { readonly [K in keyof F]?: RecordPolicy<F> }): RecordSchema<F, IsPresent, SeenBy>;
  /**
   * Plain data as what a field of this type is assigned: `doc.goal = Point.from({ x: 1 })`. Leaves out what may be left out.
   * Does nothing; the assignment checks.
   */
  from(values: InsertOf<F>): RecordOf<F>;
  optional(): RecordSchema<F, "optional", SeenBy>;
  private(): RecordSchema<F, IsPresent, "nobody">;
}

export type MapOf<Element extends AnyField> =
  Element extends RecordSchema<infer F, any, any>
    ? RecordMap<RecordOf<F>, InsertOf<F>>
    : Element extends Field<infer Value, infer Insert, any, any, any>
      ? DocumentMap<Value, Insert>
      : never;
export type TableOf<Row> =
  Row extends RecordSchema<infer F, any, any> ? DocumentTable<RecordOf<F>, InsertOf<F>> : never;

class RecordBuilder extends FieldBuilder {
  readonly fields: Fields;

  constructor(node: SchemaNode, fields: Fields) {
    super(node);
    this.fields = fields;
  }

  override visibleTo(recordPolicy: FieldPolicy): RecordBuilder {
    return new RecordBuilder({ ...this[schemaKey], recordPolicy }, this.fields);
  }

  visibleFields(policies: Readonly<Record<string, FieldPolicy>>): RecordBuilder {
    const fields: Record<string, SchemaNode> = { ...this[schemaKey].fields };
    for (const [name, policy] of Object.entries(policies)) {
      const field = fields[name];
      if (field === undefined) throw new TypeError(`visibleFields names the unknown field "${name}"`);
      fields[name] = { ...field, policy };
    }
    return new RecordBuilder({ ...this[schemaKey], fields }, this.fields);
  }

  from(values: unknown): unknown {
    return values;
  }

  override optional(): RecordBuilder {
    return new RecordBuilder({ ...this[schemaKey], isOptional: true }, this.fields);
  }

  override private(): RecordBuilder {
    return new RecordBuilder({ ...this[schemaKey], isPrivate: true }, this.fields);
  }
}

/** Declares a record type. */
export function record<const F extends Fields>(fields: F): RecordSchema<F> {
  return new RecordBuilder(
    newSchemaNode("record", { fields: fieldNodes(fields) }),
    fields,
  ) as unknown as RecordSchema<F>;
}

export function fieldNodes(fields: Fields): Record<string, SchemaNode> {
  if (typeof fields !== "object" || (fields as unknown) === null) {
    throw new TypeError(`fields are an object of schemas, not ${describeType(fields)}`);
  }
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const node = (field as Partial<AnyField> | undefined)?.[schemaKey];
      if (node === undefined) throw new TypeError(`the field "${name}" is not a schema: build it with t or record`);
      return [name, node];
    }),
  );
}
