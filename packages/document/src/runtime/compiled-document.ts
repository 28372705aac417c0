import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Random } from "@tidewire/foundation";
import type { DocumentDefinition } from "../author/define-document.ts";
import type { JsonWriter, Label } from "../encode/json-writer.ts";
import type { ViewSchema } from "../view/document-views.ts";
import type { FrameMaker } from "../view/frame.ts";
import type { StateWalk } from "../view/state-walk.ts";
import type { CronEntry } from "./cron-entries.ts";
import type { DocumentBody } from "./document-body.ts";
import type { HandlerContext } from "./handler-context.ts";
import type { DocumentLimits } from "./limits.ts";

/** Buffers that all documents of a type write into, one after the other. */
export interface Writers {
  readonly delta: JsonWriter;
  readonly view: JsonWriter;
  readonly shared: JsonWriter;
  readonly log: JsonWriter;
  readonly logWalk: StateWalk;
  readonly logHead: Label;
  readonly frames: FrameMaker;
}

export interface CompiledMessage {
  readonly schema: StandardSchemaV1 | undefined;
  readonly work: Work;
}

/** What a transaction runs; what it returns is the sender's value. */
export type Work = (body: DocumentBody, ctx: HandlerContext, arg: unknown) => unknown;

/** A document type, checked and compiled. Shared by its documents. */
export interface CompiledDocument {
  readonly definition: DocumentDefinition;
  /** By name: whether an object has one of its own has to be asked first, and then it is looked up again. */
  readonly messages: ReadonlyMap<string, CompiledMessage>;
  readonly schema: ViewSchema;
  readonly limits: DocumentLimits;
  readonly cron: ReadonlyMap<string, CronEntry>;
  readonly writers: Writers;
  readonly random: Random;
  readonly onFault: (thrown: unknown) => void;
  readonly isLogged: boolean;
}
