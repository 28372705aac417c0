import { MESSAGE_MAX_BYTES } from "@tidewire/wire";
import type { IdentityOptions } from "./handshake/identity.ts";

/** Bounds and times of one transport; each has a row in the README. */
export interface BinaryLinkLimits {
  /** Proposed to the peer; the larger of both proposals holds. A peer silent for twice that is dead. */
  readonly heartbeatMs: number;
  /** Connecting and shaking hands, together. */
  readonly handshakeTimeoutMs: number;
  /** How long a closed connection may take to send what waits and hear the end of the other side. */
  readonly closeTimeoutMs: number;
  /** Accepted connections at once; one more is closed unheard. */
  readonly connectionsMax: number;
  /** Accepted connections that have not finished the handshake. */
  readonly handshakesMax: number;
  /** Calls and streams at once on one connection; one more is answered `overloaded`. */
  readonly inFlightMax: number;
  /** Calls that wait for an answer while this side is behind with what it reads; one more is refused with `overloaded`. */
  readonly behindCallsMax: number;
  /** A message whose body is larger is refused with `limit_exceeded`. */
  readonly messageMaxBytes: number;
  /** A body larger than this is cut into fragments of this size. */
  readonly fragmentBytes: number;
  /** A message for many streams is only cut above this size. */
  readonly manyWholeMaxBytes: number;
  /** With this much in the slab it is written at once rather than at the end of the turn. */
  readonly flushBytes: number;
  /** So much is handed to the socket ahead of what the kernel takes; the rest waits here, where control frames pass it. */
  readonly socketBytes: number;
  /** Waiting frames, large messages aside. From here on the streams of the connection have no credit. */
  readonly congestedBytes: number;
  /** The same. From here on new calls, streams and `up` messages are refused with `overloaded`. */
  readonly outboundMaxBytes: number;
  /** Waiting large messages. From half of it on streams have no credit, from here on everything new is refused. */
  readonly outboundLargeMaxBytes: number;
  /** Answers still go out beyond all that; a peer this far behind is cut off. */
  readonly outboundHardMaxBytes: number;
  /** Large messages being put together on one connection; one more is refused with `overloaded`. */
  readonly assemblyMaxBytes: number;
}

const MEBIBYTE = 1024 * 1024;

export const defaultBinaryLinkLimits: BinaryLinkLimits = {
  heartbeatMs: 5_000,
  handshakeTimeoutMs: 3_000,
  closeTimeoutMs: 2_000,
  connectionsMax: 4_096,
  handshakesMax: 256,
  inFlightMax: 65_536,
  behindCallsMax: 8_192,
  messageMaxBytes: MESSAGE_MAX_BYTES,
  fragmentBytes: 32 * 1024,
  manyWholeMaxBytes: 128 * 1024,
  flushBytes: 32 * 1024,
  socketBytes: 256 * 1024,
  congestedBytes: MEBIBYTE,
  outboundMaxBytes: 4 * MEBIBYTE,
  outboundLargeMaxBytes: 32 * MEBIBYTE,
  outboundHardMaxBytes: 128 * MEBIBYTE,
  assemblyMaxBytes: 64 * MEBIBYTE,
};

export interface BinaryLinkOptions extends Partial<BinaryLinkLimits>, IdentityOptions {}
