export type { ActorState, HandOverReason } from "./actor-types.ts";
export {
  DocumentHost,
  type DocumentHostModules,
  type DocumentView,
  type RequestContext,
  type RuntimeReplaced,
} from "./document-host.ts";
export { type DocumentHostOptions, defaultDocumentHostOptions } from "./options.ts";
export type { OwnerFinder } from "./ownership.ts";
export type { CommandDone } from "./pending-command.ts";
export { serveHost } from "./serve-host.ts";
export { plainGuard, type WorkGuard } from "./turn-scheduler.ts";
export type { ViewerConnection } from "./viewer-connection.ts";
export type { ViewerRequest } from "./viewer-slot.ts";
