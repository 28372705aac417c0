export { copyOf, copyOfPart, ownBytes } from "./bytes.ts";
export { compareNames } from "./document-order.ts";
export { type FenceListener, FenceWatchers } from "./fence-watchers.ts";
export { GuardedLogEngine } from "./guarded-log-engine.ts";
export {
  argumentError,
  checkAfterSpace,
  checkAppend,
  checkCount,
  checkDocument,
  checkDocuments,
  checkInstall,
  checkMoment,
  checkOwner,
  checkPage,
  checkSnapshot,
  fencedError,
  historyError,
  missingError,
} from "./log-checks.ts";
export type {
  DueDocument,
  KnownDocument,
  ListedDocument,
  LogAppend,
  LogEngine,
  LogHead,
  LogInstall,
  LogMoment,
  LogRead,
  LogReadAt,
  LogRecord,
  LogSnapshotWrite,
  OpenedLog,
} from "./log-engine.ts";
export { type HeldOperation, LogFaultPlan, type LogOperation } from "./log-fault-plan.ts";
export { defaultLogLimits, type LogLimits } from "./log-limits.ts";
export { checkShard, type LogShard, SHARDS_MAX, shardOf, wrongShardError } from "./log-shard.ts";
export { LogShardLinks, type LogShardLinksModules } from "./log-shard-links.ts";
export { MemoryLogEngine } from "./memory-log-engine.ts";
export {
  LogMigration,
  type MigrationCount,
  MigrationError,
  type MigrationOptions,
} from "./migration/log-migration.ts";
export { RemoteLogEngine, type RemoteLogEngineModules } from "./remote-log-engine.ts";
export { type ServedLog, serveLogEngine } from "./serve-log-engine.ts";
export { ShardedLogEngine } from "./sharded-log-engine.ts";
