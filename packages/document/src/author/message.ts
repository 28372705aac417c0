import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DocumentContext } from "./context.ts";

// oxlint-disable typescript/no-explicit-any -- what a schema gives is known to the factories only

export const messageKey: unique symbol = Symbol.for("tidewire.message");

/**
 * A message type: its handler, with what a document has to know of it. Another handler of the same document may call it,
 * which is a part of that message then; the argument is not checked.
 *
 * That it can be called is also what lets TypeScript know `doc` where `message` is imported: a generic call that gives a
 * function is settled only after everything else of the definition, `state` among it.
 */
export interface MessageDefinition<Doc, Arg, Value> {
  (doc: Doc, arg: any, ctx: DocumentContext): Value;
  readonly [messageKey]: 1;
  readonly schema: StandardSchemaV1 | undefined;
  readonly handler: (doc: Doc, arg: any, ctx: DocumentContext) => unknown;
  /** Types only; never present. */
  readonly "~message"?: { readonly arg: Arg; readonly value: Value };
}

/** `message` for the handlers of one document. */
export interface MessageFactory<Doc> {
  /** A message without an argument. */
  <Value>(handler: (doc: Doc, arg: undefined, ctx: DocumentContext) => Value): MessageDefinition<Doc, undefined, Value>;
  /** A message whose argument `schema` (any Standard Schema, synchronous) checks before the handler runs. */
  <Schema extends StandardSchemaV1, Value>(
    schema: Schema,
    handler: (doc: Doc, arg: StandardSchemaV1.InferOutput<Schema>, ctx: DocumentContext) => Value,
  ): MessageDefinition<Doc, StandardSchemaV1.InferInput<Schema>, Value>;
}

/**
 * `message` as it is imported. Within a definition `doc` is its document; elsewhere it is what the handler annotates, and
 * otherwise `unknown`.
 */
export interface AnyMessageFactory {
  <Value, Doc>(
    handler: (doc: Doc, arg: undefined, ctx: DocumentContext) => Value,
  ): MessageDefinition<Doc, undefined, Value>;
  <Schema extends StandardSchemaV1, Value, Doc>(
    schema: Schema,
    handler: (doc: Doc, arg: StandardSchemaV1.InferOutput<Schema>, ctx: DocumentContext) => Value,
  ): MessageDefinition<Doc, StandardSchemaV1.InferInput<Schema>, Value>;
}

type Handler = (doc: any, arg: any, ctx: DocumentContext) => unknown;

/** Declares a message type. Handlers are synchronous; what they return is the sender's value, as JSON. */
export const message: AnyMessageFactory = (
  first: StandardSchemaV1 | Handler,
  second?: Handler,
): MessageDefinition<any, any, any> => {
  const handler = second ?? (first as Handler);
  const schema = second === undefined ? undefined : (first as StandardSchemaV1);
  // A function of its own: the author's may be the handler of several messages.
  const call: Handler = (doc, arg, ctx) => handler(doc, arg, ctx);
  return Object.assign(call, { [messageKey]: 1 as const, schema, handler });
};
