// For those who write a transport: everything about calls and streams except how frames move.
export * from "../generated/link-codecs.ts";
export { linkProtocol } from "../generated/link-service.ts";
export type * from "../generated/link-types.ts";
export {
  type CarriedSession,
  type Carrier,
  FrameType,
  type MessageFrameType,
  type SignalFrameType,
} from "./carrier.ts";
export { creditEntries, GRANT_MAX } from "./credit-entries.ts";
export { type DiallingModules, DiallingSession } from "./dialling-session.ts";
export { bodyOfError } from "./error-body.ts";
export { FanOut } from "./fan-out.ts";
export { emptyMessage, encodedMessage, MANY_STREAMS_MAX, writeCallHeader, writeStreamIds } from "./frame-body.ts";
export { LinkFailures, type LinkSide } from "./link-failures.ts";
export { OpenConnections } from "./open-connections.ts";
export { PendingGrants } from "./pending-grants.ts";
export { type ServingModules, ServingSession } from "./serving-session.ts";
export { defaultSessionLimits, type SessionLimits } from "./session-limits.ts";
export type { TransportModules } from "./transport-modules.ts";
export { transportOf } from "./transport-of.ts";
