export { type FenceListener, FenceWatchers } from "./fence-watchers.ts";
export {
  checkAppend,
  checkCount,
  checkDocument,
  checkOwner,
  checkPage,
  checkSnapshot,
  fencedError,
} from "./log-checks.ts";
export type {
  DueDocument,
  ListedDocument,
  LogAppend,
  LogEngine,
  LogRead,
  LogRecord,
  LogSnapshotWrite,
  OpenedLog,
} from "./log-engine.ts";
export { type HeldOperation, LogFaultPlan, type LogOperation } from "./log-fault-plan.ts";
export { defaultLogLimits, type LogLimits } from "./log-limits.ts";
export { MemoryLogEngine } from "./memory-log-engine.ts";
export { RemoteLogEngine, type RemoteLogEngineModules } from "./remote-log-engine.ts";
export { serveLogEngine } from "./serve-log-engine.ts";
