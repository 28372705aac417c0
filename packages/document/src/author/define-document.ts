import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DocumentName, Principal } from "@tidewire/foundation";
import type { DocumentContext, DocumentPresence } from "./context.ts";
import type { CronSpec } from "./cron.ts";
import type { Fields } from "./field.ts";
import type { RecordOf, ViewOfFields, ViewOfResult } from "./infer.ts";
import { type MessageDefinition, type MessageFactory, message } from "./message.ts";
import { fieldNodes } from "./record.ts";
import type { SchemaNode } from "./schema-node.ts";

// oxlint-disable typescript/no-explicit-any -- patterns that match any definition

export const documentKey: unique symbol = Symbol.for("tidewire.document");

/** State, computed values and presence: what handlers get. */
export type DocumentOf<State extends Fields, Computed = unknown> = RecordOf<State> &
  ComputedOf<Computed> & { readonly presence: DocumentPresence };

/** While TypeScript does not know them yet they are `never`, and the rest of the document is known all the same. */
type ComputedOf<Computed> = [Computed] extends [never]
  ? unknown
  : { readonly [Name in keyof Computed]: Computed[Name] };

export interface ViewerOf<ViewState> {
  readonly principal: Principal;
  /** `undefined` for a client that said nothing about itself, and for GET. */
  readonly viewState: ViewState | undefined;
}

/**
 * Who may do what. Everything left out is allowed, except that `send` and `delete` fall back to `connect`: who may not
 * look may not act either.
 */
export interface AccessRules<Doc> {
  create?(principal: Principal, name: DocumentName): boolean;
  /** Connecting and GET. */
  connect?(principal: Principal, doc: Doc): boolean;
  send?(principal: Principal, doc: Doc, message: string): boolean;
  delete?(principal: Principal, doc: Doc): boolean;
}

/** What a document without computed values, views or messages has of them. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- no names is what is meant
export type NoNames = Record<never, never>;

export interface DocumentSpec<
  State extends Fields,
  Computed extends Record<string, unknown>,
  Views extends Record<string, unknown>,
  Messages extends Record<string, MessageDefinition<DocumentOf<State, Computed>, any, any>>,
  ViewStateSchema extends StandardSchemaV1,
> {
  /** `[a-z][a-z0-9-]{2,62}` */
  readonly space: string;
  /** Of the state's shape; grows when `migrate` has to change documents. 1 by default. */
  readonly version?: number;
  readonly state: State;
  /**
   * Values everyone sees, made from state. Cached until something they read changes. Stands above access rules, hooks,
   * messages, timers and cron: TypeScript reads from top to bottom, and what it has not come to would be missing in views.
   */
  readonly computed?: {
    readonly [Name in keyof Computed]: (
      doc: RecordOf<State> & { readonly presence: DocumentPresence },
    ) => Computed[Name];
  };
  /** What one viewer sees: plain values, records or queries. */
  readonly views?: {
    readonly [Name in keyof Views]: (
      doc: DocumentOf<State, Computed>,
      viewer: ViewerOf<StandardSchemaV1.InferOutput<ViewStateSchema>>,
      viewState: StandardSchemaV1.InferOutput<ViewStateSchema> | undefined,
    ) => Views[Name];
  };
  readonly viewState?: ViewStateSchema;
  readonly access?: AccessRules<DocumentOf<State, Computed>>;
  /** Whether a first connect or send creates the document. */
  readonly createsOnDemand?: boolean;
  /** Validates the argument of create; `undefined` when the document is created on demand. */
  readonly createArg?: StandardSchemaV1;
  onCreate?(doc: DocumentOf<State, Computed>, arg: any, ctx: DocumentContext): void;
  /** The first connection of a principal came. */
  onConnect?(doc: DocumentOf<State, Computed>, ctx: DocumentContext): void;
  /** The last connection of a principal went. */
  onDisconnect?(doc: DocumentOf<State, Computed>, ctx: DocumentContext): void;
  /** Made with the imported `message`, or with the one that a function here is given. */
  readonly messages?: Messages | ((message: MessageFactory<DocumentOf<State, Computed>>) => Messages);
  /** What `ctx.after` may name. `ctx.principal` is the one who set the timer. */
  readonly timers?: Readonly<
    Record<string, (doc: DocumentOf<State, Computed>, arg: any, ctx: DocumentContext) => void>
  >;
  /** Work at times of the calendar, by name. A changed or new entry counts from when the document is next loaded. */
  readonly cron?: Readonly<Record<string, CronSpec<DocumentOf<State, Computed>>>>;
  /**
   * `migrate[n]` turns a document of version n into one of n + 1. `doc` has everything that still fits; `old` is the state
   * as it was stored, as plain data. Must give the same result whenever it runs: it does until the next commit.
   */
  readonly migrate?: Readonly<Record<number, (doc: DocumentOf<State>, old: any) => void>>;
}

/** A document type as plain data and functions: what a bundle of document code exports by default. */
export interface DocumentDefinition<
  State extends Fields = any,
  Computed = any,
  Views = any,
  Messages = any,
  ViewState = any,
> {
  readonly [documentKey]: 1;
  readonly space: string;
  readonly version: number;
  readonly stateFields: Readonly<Record<string, SchemaNode>>;
  readonly computed: Readonly<Record<string, (doc: any) => unknown>>;
  readonly views: Readonly<Record<string, (doc: any, viewer: any, viewState: any) => unknown>>;
  readonly viewState: StandardSchemaV1 | undefined;
  readonly access: AccessRules<any>;
  readonly createsOnDemand: boolean;
  readonly createArg: StandardSchemaV1 | undefined;
  readonly onCreate: ((doc: any, arg: any, ctx: DocumentContext) => unknown) | undefined;
  readonly onConnect: ((doc: any, ctx: DocumentContext) => unknown) | undefined;
  readonly onDisconnect: ((doc: any, ctx: DocumentContext) => unknown) | undefined;
  readonly messages: Readonly<Record<string, MessageDefinition<any, any, any>>>;
  readonly timers: Readonly<Record<string, (doc: any, arg: any, ctx: DocumentContext) => unknown>>;
  /** Absent in bundles that were made before there was any. */
  readonly cron?: Readonly<Record<string, CronSpec<any>>>;
  readonly migrate: Readonly<Record<number, (doc: any, old: any) => unknown>>;
  /** Types only; never present. */
  readonly "~types"?: {
    readonly state: State;
    readonly computed: Computed;
    readonly views: Views;
    readonly messages: Messages;
    readonly viewState: ViewState;
  };
}

const specKeys: ReadonlySet<string> = new Set<keyof DocumentSpec<Fields, NoNames, NoNames, NoNames, StandardSchemaV1>>([
  "space",
  "version",
  "state",
  "computed",
  "views",
  "viewState",
  "access",
  "createsOnDemand",
  "createArg",
  "onCreate",
  "onConnect",
  "onDisconnect",
  "messages",
  "timers",
  "cron",
  "migrate",
]);

/** Declares a document type. What else is wrong with it is said by `compileDocument`, at start. */
export function defineDocument<
  const State extends Fields,
  Computed extends Record<string, unknown> = NoNames,
  Views extends Record<string, unknown> = NoNames,
  Messages extends Record<string, MessageDefinition<DocumentOf<State, Computed>, any, any>> = NoNames,
  ViewStateSchema extends StandardSchemaV1 = StandardSchemaV1<undefined>,
>(
  spec: DocumentSpec<State, Computed, Views, Messages, ViewStateSchema>,
): DocumentDefinition<State, Computed, Views, Messages, StandardSchemaV1.InferOutput<ViewStateSchema>> {
  for (const name of Object.keys(spec)) {
    if (!specKeys.has(name)) throw new TypeError(`a document has no "${name}": it takes ${[...specKeys].join(", ")}`);
  }
  return {
    [documentKey]: 1,
    space: spec.space,
    version: spec.version ?? 1,
    stateFields: fieldNodes(spec.state),
    computed: spec.computed ?? {},
    views: spec.views ?? {},
    viewState: spec.viewState,
    access: spec.access ?? {},
    createsOnDemand: spec.createsOnDemand ?? false,
    createArg: spec.createArg,
    onCreate: bound(spec, "onCreate"),
    onConnect: bound(spec, "onConnect"),
    onDisconnect: bound(spec, "onDisconnect"),
    messages: typeof spec.messages === "function" ? spec.messages(message) : (spec.messages ?? {}),
    timers: spec.timers ?? {},
    cron: spec.cron ?? {},
    migrate: spec.migrate ?? {},
  };
}

/** As methods they may use `this`. What is no function is refused when the document is compiled. */
function bound<Spec, Name extends keyof Spec>(spec: Spec, name: Name): Spec[Name] {
  const hook = spec[name];
  return typeof hook === "function" ? hook.bind(spec) : hook;
}

type TypesOf<D> =
  D extends DocumentDefinition<infer S, infer C, infer V, infer M, infer VS>
    ? { state: S; computed: C; views: V; messages: M; viewState: VS }
    : never;

/** What a client of this document type holds. */
export type DocumentView<D> = ViewOfFields<TypesOf<D>["state"]> & {
  readonly [Name in keyof TypesOf<D>["computed"]]: ViewOfResult<TypesOf<D>["computed"][Name]>;
} & {
  readonly [Name in keyof TypesOf<D>["views"]]: ViewOfResult<TypesOf<D>["views"][Name]>;
};

/** Names of messages, to their arguments and values. */
export type DocumentMessages<D> = {
  readonly [Name in keyof TypesOf<D>["messages"]]: TypesOf<D>["messages"][Name] extends MessageDefinition<
    any,
    infer Arg,
    infer Value
  >
    ? { readonly arg: Arg; readonly value: Value }
    : never;
};

export type DocumentViewState<D> = TypesOf<D>["viewState"];
