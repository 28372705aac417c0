import type { IdentityOptions } from "@tidewire/link-binary/handshake";
import { MESSAGE_MAX_BYTES } from "@tidewire/wire";

/**
 * - `stream-per-document`: every stream of the port is a bidirectional gRPC stream of its own; calls share one more;
 * - `multiplexed`: everything shares one bidirectional gRPC stream per connection. Cheaper and steadier from some
 *   hundred streams on (research/link.md section 4), at the price of one flow-control window for all.
 */
export type GrpcShape = "stream-per-document" | "multiplexed";

/**
 * - `internals`: what grpc-js has no option for is set through what it keeps private (README, Tuning);
 * - `public`: nothing but what grpc-js documents, as a team gets that uses it by its documentation. Several times the cost,
 *   and slow between processes with long turns of their event loops; for benchmarks.
 */
export type GrpcTuning = "internals" | "public";

export interface GrpcLinkLimits {
  /** Interval of HTTP/2 pings, and how long each may take: a silent peer is dead within twice that. */
  readonly heartbeatMs: number;
  /** Connecting and shaking hands, together. */
  readonly handshakeTimeoutMs: number;
  /** How long a closed connection may take to send what waits. */
  readonly closeTimeoutMs: number;
  /** Accepted connections at once, unfinished handshakes included; one more is refused, as `unavailable` to its dialler. */
  readonly connectionsMax: number;
  /** Accepted connections that have not finished the handshake, and handshakes under way; one more is dropped. */
  readonly handshakesMax: number;
  /** Calls and streams at once on one connection; one more is answered `overloaded`. */
  readonly inFlightMax: number;
  /** A message whose body is larger is refused with `limit_exceeded`. */
  readonly messageMaxBytes: number;
  /** Waiting small messages of a connection. From here on its streams have no credit. */
  readonly congestedBytes: number;
  /** The same. From here on new calls, streams and `up` messages are refused with `overloaded`. */
  readonly outboundMaxBytes: number;
  /** Waiting large messages. From half of it on streams have no credit, from here on everything new is refused. */
  readonly outboundLargeMaxBytes: number;
  /** Answers still go out beyond all that; a peer this far behind is cut off. */
  readonly outboundHardMaxBytes: number;
}

const MEBIBYTE = 1024 * 1024;

export const defaultGrpcLinkLimits: GrpcLinkLimits = {
  heartbeatMs: 5_000,
  handshakeTimeoutMs: 3_000,
  closeTimeoutMs: 2_000,
  connectionsMax: 4_096,
  handshakesMax: 256,
  inFlightMax: 65_536,
  messageMaxBytes: MESSAGE_MAX_BYTES,
  congestedBytes: MEBIBYTE,
  outboundMaxBytes: 4 * MEBIBYTE,
  outboundLargeMaxBytes: 32 * MEBIBYTE,
  outboundHardMaxBytes: 128 * MEBIBYTE,
};

export interface GrpcLinkOptions extends Partial<GrpcLinkLimits>, IdentityOptions {
  readonly shape?: GrpcShape;
  /** Of this side alone; two sides may differ. `internals` by default. */
  readonly tuning?: GrpcTuning;
}
