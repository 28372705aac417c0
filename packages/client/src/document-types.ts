import type { JsonObject, JsonValue } from "@tidewire/delta";

/**
 * What a client may know of a document type, inferred from `typeof definition` without importing the package that makes
 * definitions: it leaves types behind in fields that are never there at run time (`~types`, `~field`, `~message`).
 */

type Simplify<T> = { [K in keyof T]: T[K] } & {};
type Phantom<T, Name extends string> = T extends { readonly [K in Name]?: infer Types } ? NonNullable<Types> : never;

interface DefinitionTypes {
  readonly state: object;
  readonly computed: unknown;
  readonly views: unknown;
  readonly messages: unknown;
  readonly viewState: unknown;
}
type TypesOf<D> = Phantom<D, "~types"> extends infer Types extends DefinitionTypes ? Types : never;

interface FieldTypes {
  readonly view: unknown;
  readonly presence: "required" | "defaulted" | "optional";
  readonly audience: "everyone" | "some" | "nobody";
}
type FieldOf<F> = Phantom<F, "~field"> extends infer Types extends FieldTypes ? Types : never;

type VisibleKeys<State> = {
  [K in keyof State]: FieldOf<State[K]>["audience"] extends "nobody" ? never : K;
}[keyof State];
type CertainKeys<State> = {
  [K in keyof State]: FieldOf<State[K]>["audience"] extends "everyone"
    ? FieldOf<State[K]>["presence"] extends "optional"
      ? never
      : K
    : never;
}[keyof State];

/** Private fields never come, guarded and optional ones perhaps. */
type ViewOfState<State> = { readonly [K in CertainKeys<State>]: FieldOf<State[K]>["view"] } & {
  readonly [K in Exclude<VisibleKeys<State>, CertainKeys<State>>]?: FieldOf<State[K]>["view"];
};

/** The client's side of what a computed value or a view returns on the host. */
type ViewOfResult<Result> = Result extends string | number | boolean | undefined
  ? Result
  : Result extends readonly (infer Item)[]
    ? readonly ViewOfResult<Item>[]
    : Result extends { toArray(): (infer Item)[] }
      ? readonly ViewOfResult<Item>[]
      : Result extends { entries(): [string, infer Value][] }
        ? { readonly [key: string]: ViewOfResult<Value> }
        : Result extends object
          ? ViewOfRow<Result>
          : never;

/** A record's policies cannot be told from its type on the host, so every field but `id` may be hidden. */
type ViewOfRow<Row> = Simplify<
  { readonly [K in Exclude<keyof Row, "id">]?: ViewOfResult<Row[K]> } & (Row extends { readonly id: infer Id }
    ? { readonly id: Id }
    : unknown)
>;

type Results<Functions> = { readonly [Name in keyof Functions]: ViewOfResult<Functions[Name]> };

/** The view of a document type; plain JSON where no type was given. */
export type ViewOf<D> = unknown extends D
  ? JsonObject
  : Simplify<ViewOfState<TypesOf<D>["state"]> & Results<TypesOf<D>["computed"]> & Results<TypesOf<D>["views"]>>;

export type ViewStateOf<D> = unknown extends D ? unknown : TypesOf<D>["viewState"];

interface MessageTypes {
  readonly arg: unknown;
  readonly value: unknown;
}
type MessageOf<M> = Phantom<M, "~message"> extends infer Types extends MessageTypes ? Types : never;

/** Names of messages, to their arguments and values. */
export type MessagesOf<D> = unknown extends D
  ? { readonly [name: string]: { readonly arg: unknown; readonly value: JsonValue | undefined } }
  : { readonly [Name in keyof TypesOf<D>["messages"]]: MessageOf<TypesOf<D>["messages"][Name]> };

export type MessageName<D> = keyof MessagesOf<D> & string;

/** The argument may be left out where the message takes none. */
export type ArgumentsOf<D, Name extends MessageName<D>, Options> = undefined extends MessagesOf<D>[Name]["arg"]
  ? [arg?: MessagesOf<D>[Name]["arg"], options?: Options]
  : [arg: MessagesOf<D>[Name]["arg"], options?: Options];

export interface SendResult<Value> {
  /** The commit of the message; it is durable. */
  readonly seq: number;
  /** What the handler returned. Absent if that was nothing. */
  readonly value: Value;
}
