export type { DocumentName, Principal, Random } from "@tidewire/foundation";
export type {
  Criteria,
  DocumentList,
  DocumentMap,
  DocumentTable,
  RecordMap,
  RecordQuery,
  SortDirection,
  TableRow,
} from "./author/containers.ts";
export type { DocumentContext, DocumentPresence, Duration } from "./author/context.ts";
export type { CronSpec } from "./author/cron.ts";
export {
  type AccessRules,
  type DocumentDefinition,
  type DocumentMessages,
  type DocumentOf,
  type DocumentSpec,
  type DocumentView,
  type DocumentViewState,
  defineDocument,
  type ViewerOf,
} from "./author/define-document.ts";
export type { Field, Fields } from "./author/field.ts";
export type { InsertOf, RecordOf, ViewOfFields } from "./author/infer.ts";
export { type MessageDefinition, type MessageFactory, message } from "./author/message.ts";
export { type RecordSchema, record } from "./author/record.ts";
export { successorProblem } from "./author/schema-successor.ts";
export { StateError } from "./author/state-error.ts";
export { type StateJson, t } from "./author/t.ts";
export { conformanceDocument } from "./conformance.ts";
export { type CompileOptions, compileDocument } from "./runtime/compile-document.ts";
export { type DocumentLimits, defaultLimits } from "./runtime/limits.ts";
export type {
  Audience,
  CommandOutcome,
  DocumentCommand,
  DocumentInstance,
  DocumentPatch,
  DocumentRuntime,
  Frame,
  StoredDocument,
  Viewer,
  ViewerInit,
} from "./runtime/runtime.ts";
