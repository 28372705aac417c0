import type { Clock, Logger, MetricsSink, Random, ServiceError } from "@tidewire/foundation";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import type { CallOptions, ClientStream, ClientStreamHandlers, LinkPeer, LinkTransport } from "../link.ts";

/**
 * - `idle`: nothing to do, no connection;
 * - `connecting`: dialling;
 * - `open`: calls go straight out;
 * - `waiting`: the next attempt is due after the backoff;
 * - `closed`: by `close`, for good.
 */
export type PeerLinkState = "idle" | "connecting" | "open" | "waiting" | "closed";

export interface PeerCallOptions extends CallOptions {
  /**
   * How long to wait for a connection before giving up with `unavailable`; at most, and by default, the deadline. 0 fails
   * at once unless the link is open.
   */
  readonly waitMs?: number;
}

export interface PeerOpenOptions {
  /** Replaces the initial credit of the definition. */
  readonly credit?: number;
  readonly waitMs?: number;
}

/** What code that talks to a peer needs of the link to it. `PeerLink` is the implementation. */
export interface LinkCaller {
  readonly address: string;
  /**
   * Waits for the connection, sends, and retries a broken link as `method.retry` allows, all within the deadline.
   * Rejects with the peer's own `ServiceError`, or `unavailable` (no connection, or it broke), `timeout` (sent, no answer
   * in time), `overloaded` (too many calls waiting, or the outbound bound is reached).
   */
  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options?: PeerCallOptions,
  ): Promise<Response>;
  /**
   * Opens a stream as soon as there is a connection. What is sent or granted meanwhile is kept, up to a bound. A stream
   * is never re-opened once it has been on a connection: when that breaks it ends, and its owner decides.
   */
  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: ClientStreamHandlers<Down>,
    options?: PeerOpenOptions,
  ): ClientStream<Up>;
}

/** The part of `PeerLink` beyond calling. */
export interface ManagedLink extends LinkCaller {
  readonly state: PeerLinkState;
  /** Who answered the last handshake; may change when another process takes the address. */
  readonly peer: LinkPeer | undefined;
  /** Why the last attempt or connection failed; undefined while open. */
  readonly lastError: ServiceError | undefined;
  /** Connects now and stays connected: from here on the link reconnects by itself. Without it, it connects on demand. */
  connect(): void;
  /** Calls back on every change of `state`; the result stops it. */
  onState(listener: (state: PeerLinkState) => void): () => void;
  /** Refuses new calls, says go-away, lets calls in flight end for at most `graceMs`, then closes for good. */
  close(graceMs?: number): Promise<void>;
}

export interface PeerLinkModules {
  readonly transport: LinkTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}
