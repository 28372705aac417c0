import type { DocumentList, DocumentMap, DocumentTable, RecordQuery } from "./containers.ts";
import type { Audience, ContainerField, Field, Fields, Presence } from "./field.ts";

// oxlint-disable typescript/no-explicit-any -- patterns that match any field

type FieldTypes<F> =
  F extends Field<infer Value, infer Insert, infer View, infer P, infer A>
    ? { value: Value; insert: Insert; view: View; presence: P; audience: A }
    : never;

type Simplify<T> = { [K in keyof T]: T[K] } & {};
type KeysWithPresence<F extends Fields, P extends Presence> = {
  [K in keyof F]: FieldTypes<F[K]>["presence"] extends P ? K : never;
}[keyof F];
type KeysSeenBy<F extends Fields, A extends Audience> = {
  [K in keyof F]: FieldTypes<F[K]>["audience"] extends A ? K : never;
}[keyof F];
type ContainerKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends ContainerField<any, any, any, any> ? K : never;
}[keyof F];

/** A record in memory: fields are read and assigned, containers are changed through their methods. */
export type RecordOf<F extends Fields> = Simplify<
  { readonly [K in ContainerKeys<F>]: FieldTypes<F[K]>["value"] } & {
    [K in Exclude<keyof F, ContainerKeys<F>>]: FieldTypes<F[K]>["presence"] extends "optional"
      ? FieldTypes<F[K]>["value"] | undefined
      : FieldTypes<F[K]>["value"];
  }
>;

/** Plain data a record is made from. */
export type InsertOf<F extends Fields> = Simplify<
  { readonly [K in KeysWithPresence<F, "required">]: FieldTypes<F[K]>["insert"] } & {
    readonly [K in KeysWithPresence<F, "optional" | "defaulted">]?: FieldTypes<F[K]>["insert"] | undefined;
  }
>;

/** What a client may see of a record: private fields never, guarded and optional ones perhaps. */
export type ViewOfFields<F extends Fields> = Simplify<
  {
    readonly [K in Exclude<KeysSeenBy<F, "everyone">, KeysWithPresence<F, "optional">>]: FieldTypes<F[K]>["view"];
  } & {
    readonly [K in
      | KeysSeenBy<F, "some">
      | Extract<KeysSeenBy<F, "everyone">, KeysWithPresence<F, "optional">>]?: FieldTypes<F[K]>["view"];
  }
>;

/** The client's side of what a view or a computed value returns. */
export type ViewOfResult<Result> =
  Result extends RecordQuery<infer Row>
    ? readonly ViewOfRow<Row>[]
    : Result extends readonly (infer Item)[] | DocumentList<infer Item>
      ? readonly ViewOfResult<Item>[]
      : Result extends DocumentMap<infer Value, any>
        ? { readonly [key: string]: ViewOfResult<Value> }
        : Result extends string | number | boolean | undefined
          ? Result
          : Result extends object
            ? ViewOfRow<Result>
            : never;

/** A record's policies cannot be told from its memory type, so every field but `id` may be hidden. */
type ViewOfRow<Row> = Simplify<
  {
    readonly [K in Exclude<keyof Row, "id">]?: Row[K] extends DocumentTable<infer Inner, any>
      ? readonly ViewOfRow<Inner & { id: string }>[]
      : Row[K] extends DocumentMap<infer Value, any>
        ? { readonly [key: string]: ViewOfResult<Value> }
        : Row[K] extends DocumentList<infer Value>
          ? readonly Value[]
          : Row[K];
  } & (Row extends { readonly id: infer Id } ? { readonly id: Id } : unknown)
>;
