import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DocumentContext } from "./context.ts";

// oxlint-disable typescript/no-explicit-any -- a handler outside of a definition cannot know its document

export const messageKey: unique symbol = Symbol.for("tidewire.message");

/** A message type as plain data. */
export interface MessageDefinition<Doc, Arg, Value> {
  readonly [messageKey]: 1;
  readonly schema: StandardSchemaV1 | undefined;
  readonly handler: (doc: Doc, arg: any, ctx: DocumentContext) => unknown;
  /** Types only; never present. */
  readonly "~message"?: { readonly arg: Arg; readonly value: Value };
}

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
 * `message` as it is imported. TypeScript settles its calls before it knows `state`, so `doc` is what the handler annotates it
 * to be, and otherwise `any`. Write `messages: (message) => ({ ... })`, whose `message` knows the document.
 */
export interface LooseMessageFactory {
  <Value, Doc = any>(
    handler: (doc: Doc, arg: undefined, ctx: DocumentContext) => Value,
  ): MessageDefinition<NoInfer<Doc>, undefined, Value>;
  <Schema extends StandardSchemaV1, Value, Doc = any>(
    schema: Schema,
    handler: (doc: Doc, arg: StandardSchemaV1.InferOutput<Schema>, ctx: DocumentContext) => Value,
  ): MessageDefinition<NoInfer<Doc>, StandardSchemaV1.InferInput<Schema>, Value>;
}

type Handler = (doc: any, arg: any, ctx: DocumentContext) => unknown;

/** Declares a message type. Handlers are synchronous; what they return is the sender's value, as JSON. */
export const message: LooseMessageFactory = (
  first: StandardSchemaV1 | Handler,
  second?: Handler,
): MessageDefinition<any, any, any> =>
  second === undefined
    ? { [messageKey]: 1, schema: undefined, handler: first as Handler }
    : { [messageKey]: 1, schema: first as StandardSchemaV1, handler: second };
