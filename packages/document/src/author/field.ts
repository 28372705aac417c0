import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type FieldPolicy, type SchemaHolder, type SchemaNode, schemaKey } from "./schema-node.ts";
import { standardProps } from "./schema-validator.ts";

/** `required`: must be given when a record is made. `defaulted`: may be left out. `optional`: may be absent for ever. */
export type Presence = "required" | "defaulted" | "optional";
/** Who sees a field: everyone who sees its record, some of them, or nobody. */
export type Audience = "everyone" | "some" | "nobody";

/** A field of a record, and a Standard Schema for its plain value. The type parameters exist for inference only. */
export interface Field<Value, Insert, View, IsPresent extends Presence, SeenBy extends Audience>
  extends SchemaHolder,
    StandardSchemaV1<Insert, Insert> {
  readonly "~field"?: {
    readonly value: Value;
    readonly insert: Insert;
    readonly view: View;
    readonly presence: IsPresent;
    readonly audience: SeenBy;
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- "any field at all": variance makes `unknown` refuse some
export type AnyField = Field<any, any, any, Presence, Audience>;
export type Fields = Readonly<Record<string, AnyField>>;

/** A field whose value is one piece: a scalar or a JSON value. */
export interface ScalarField<Value, IsPresent extends Presence = "required", SeenBy extends Audience = "everyone">
  extends Field<Value, Value, Value, IsPresent, SeenBy> {
  readonly "~kind"?: "scalar";
  optional(): ScalarField<Value, "optional", SeenBy>;
  /** Never leaves the host. */
  private(): ScalarField<Value, IsPresent, "nobody">;
  default(value: Value): ScalarField<Value, "defaulted", SeenBy>;
  /** `policy` gets the record that holds the field. */
  visibleTo(policy: FieldPolicy): ScalarField<Value, IsPresent, "some">;
}

/** A list, map or table: always there, empty at first, never assigned as a whole. */
export interface ContainerField<Value, Insert, View, SeenBy extends Audience = "everyone">
  extends Field<Value, Insert, View, "defaulted", SeenBy> {
  readonly "~kind"?: "container";
  private(): ContainerField<Value, Insert, View, "nobody">;
  visibleTo(policy: FieldPolicy): ContainerField<Value, Insert, View, "some">;
}

/** The one builder behind all field types; what a type offers is decided by its interface. */
export class FieldBuilder implements SchemaHolder {
  readonly [schemaKey]: SchemaNode;
  readonly "~standard": StandardSchemaV1.Props<unknown, unknown>;

  constructor(node: SchemaNode) {
    this[schemaKey] = node;
    this["~standard"] = standardProps(node);
  }

  optional(): FieldBuilder {
    return this.#with({ isOptional: true });
  }

  private(): FieldBuilder {
    return this.#with({ isPrivate: true });
  }

  default(value: unknown): FieldBuilder {
    return this.#with({ defaultValue: value });
  }

  visibleTo(policy: FieldPolicy): FieldBuilder {
    return this.#with({ policy });
  }

  index(...names: string[]): FieldBuilder {
    return this.#with({ indexes: [...(this[schemaKey].indexes ?? []), ...names] });
  }

  min(min: number): FieldBuilder {
    return this.#with({ min });
  }

  max(max: number): FieldBuilder {
    return this.#with({ max });
  }

  #with(change: Partial<SchemaNode>): FieldBuilder {
    return new FieldBuilder({ ...this[schemaKey], ...change });
  }
}

export function newSchemaNode(kind: SchemaNode["kind"], rest: Partial<SchemaNode> = {}): SchemaNode {
  return { kind, isOptional: false, isPrivate: false, ...rest };
}
