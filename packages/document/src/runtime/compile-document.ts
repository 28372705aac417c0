import { type Random, SystemRandom } from "@tidewire/foundation";
import type { DocumentDefinition } from "../author/define-document.ts";
import type { SchemaNode } from "../author/schema-node.ts";
import { JsonWriter } from "../encode/json-writer.ts";
import { slabBytesOfKept } from "../encode/piece-writer.ts";
import { patchHead } from "../log/document-log.ts";
import type { RootExtras } from "../state/document-state.ts";
import type { RecordNode } from "../state/record-node.ts";
import { type FieldType, RecordType, TypeCompiler } from "../state/record-type.ts";
import type { ViewSchema } from "../view/document-views.ts";
import { FrameMaker } from "../view/frame.ts";
import { wholeLens } from "../view/lens.ts";
import type { RootParts } from "../view/shared-step.ts";
import { StateWalk } from "../view/state-walk.ts";
import { type ViewSlot, viewSlot } from "../view/view-slot.ts";
import type { CompiledDocument, CompiledMessage } from "./compiled-document.ts";
import { cronEntries } from "./cron-entries.ts";
import { checkedDefinition } from "./definition-check.ts";
import { DocumentInstance } from "./document-instance.ts";
import { type DocumentLimits, defaultLimits } from "./limits.ts";
import type { DocumentRuntime } from "./runtime.ts";

export interface CompileOptions {
  /** Seeds new documents. */
  readonly random?: Random;
  /** Told what a policy or view threw, and why a handler failed: for the log and a metric, never for a client. */
  readonly onFault?: (thrown: unknown) => void;
  /**
   * Whether patches are written; `true` by default. Without, `takePatch` gives empty ones, and a document is gone with its
   * process: for comparing with engines that have no log.
   */
  readonly isLogged?: boolean;
}

/**
 * Checks a document type and makes it runnable. `definition` is what `defineDocument` returned, perhaps from another copy
 * of this package. Throws `TypeError` with the path of what is wrong.
 */
export function compileDocument(
  definition: unknown,
  limits: Partial<DocumentLimits> = {},
  options: CompileOptions = {},
): DocumentRuntime {
  const checked = checkedDefinition(definition);
  const allLimits = { ...defaultLimits, ...limits };
  const log = new JsonWriter();
  const compiled: CompiledDocument = {
    definition: checked,
    messages: new Map(Object.entries(checked.messages).map(([name, message]) => [name, compileMessage(message)])),
    schema: compileViews(checked),
    limits: allLimits,
    cron: cronEntries(checked.cron ?? {}),
    writers: {
      delta: new JsonWriter(allLimits.viewMaxBytes),
      // What it writes is kept by classes until something changes.
      view: new JsonWriter(allLimits.viewMaxBytes, slabBytesOfKept),
      shared: new JsonWriter(allLimits.viewMaxBytes),
      log,
      logWalk: new StateWalk(log, wholeLens),
      logHead: patchHead(checked.version),
      frames: new FrameMaker(),
    },
    random: options.random ?? new SystemRandom(),
    onFault: options.onFault ?? (() => {}),
    isLogged: options.isLogged ?? true,
  };
  return {
    space: checked.space,
    version: checked.version,
    createsOnDemand: checked.createsOnDemand,
    open: (name, stored) => new DocumentInstance(compiled, name, stored),
  };
}

function compileViews(definition: DocumentDefinition): ViewSchema {
  const types = new TypeCompiler();
  const fields: SchemaNode = { kind: "record", isOptional: false, isPrivate: false, fields: definition.stateFields };
  const rootType = new RecordType(types, fields, { isRow: false, isElement: false, isRoot: true, path: "doc" });
  const computedNames = Object.keys(definition.computed);
  addRootExtras(rootType, computedNames);
  const slots: ViewSlot[] = [
    ...computedNames.map((name, index) => viewSlot(index, name, (doc: Record<string, unknown>) => doc[name])),
    ...Object.keys(definition.views).map((name, index) =>
      viewSlot(computedNames.length + index, name, definition.views[name]!),
    ),
  ];
  return {
    rootType,
    entries: [...rootType.fields, ...slots].sort((a, b) => (a.name < b.name ? -1 : 1)),
    rootParts: rootPartsOf(rootType),
    slots,
    guards: types.guards,
    isGuardNested: nestedGuards(rootType, types.guards.length),
    hasWideGuards: types.guards.some(({ isLocal }) => !isLocal),
    hasViewState: definition.viewState !== undefined,
    isAlikeForAll: types.guards.length === 0 && slots.length === 0,
  };
}

function rootPartsOf({ slots }: RecordType): RootParts {
  const shared = slots.filter((field) => !field.isPrivate && !mayDiffer(field));
  const logged = shared.filter((field) => isLoggedAsSeen(field));
  return {
    shared,
    own: slots.filter((field) => !field.isPrivate && mayDiffer(field)),
    logged,
    notLogged: shared.filter((field) => !logged.includes(field)),
    logOnly: slots.filter((field) => !logged.includes(field)),
  };
}

/** The log has more to say of private fields, and of tables. */
function isLoggedAsSeen({ isPrivate, node, recordType }: FieldType): boolean {
  if (isPrivate || node.kind === "table") return false;
  return recordType === undefined || recordType.slots.every(isLoggedAsSeen);
}

/** Whether two viewers may see something else in this field. */
function mayDiffer(field: FieldType): boolean {
  return field.guard !== undefined || (field.recordType?.guardsWithin.length ?? 0) > 0;
}

/** Computed values and presence read like fields of the document. */
function addRootExtras(type: RecordType, computedNames: readonly string[]): void {
  const extras = (record: RecordNode): RootExtras => record.$state.extras!;
  for (const [index, name] of computedNames.entries()) {
    Object.defineProperty(type.Class.prototype, name, {
      get(this: RecordNode) {
        return extras(this).computed(index);
      },
    });
  }
  Object.defineProperty(type.Class.prototype, "presence", {
    get(this: RecordNode) {
      return extras(this).presence;
    },
  });
}

function nestedGuards(rootType: RecordType, count: number): boolean[] {
  const isNested = Array.from<boolean>({ length: count }).fill(false);
  const visit = (type: RecordType, isBelow: boolean): void => {
    if (type.guard !== undefined) isNested[type.guard.index] = isBelow;
    for (const field of type.slots) {
      const isFieldBelow = isBelow || type.guard !== undefined;
      if (field.guard !== undefined) isNested[field.guard.index] = isFieldBelow;
      if (field.recordType !== undefined) visit(field.recordType, isFieldBelow || field.guard !== undefined);
    }
  };
  visit(rootType, false);
  return isNested;
}

function compileMessage({ schema, handler }: DocumentDefinition["messages"][string]): CompiledMessage {
  return { schema, work: (body, ctx, arg) => handler(body.state.root, arg, ctx) };
}
