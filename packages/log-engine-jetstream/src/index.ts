export type { Durability } from "./durability.ts";
export type { JetStreamLogEngine, JetStreamLogStatus } from "./jetstream-log-engine.ts";
export {
  type JetStreamLogModules,
  type JetStreamLogSettings,
  openJetStreamLogEngine,
  UnsafeServerError,
} from "./open-jetstream-log-engine.ts";
export { defaultJetStreamLogOptions, type JetStreamLogOptions, type NatsAccess } from "./options.ts";
export type { JetStreamSeal, Seal } from "./seal.ts";
export { StreamSetupError } from "./streams.ts";
