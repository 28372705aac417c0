import type {
  BegunUpgrade,
  ClientTransport,
  HttpAnswer,
  HttpRequest,
  TransportEvents,
  UpgradeDecision,
  UpgradeRequest,
} from "@tidewire/edge-session";

export type EngineKind = "uws" | "ws";

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly passphrase?: string | undefined;
}

export interface SocketServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: TlsFiles | undefined;
  /** Longest WebSocket message and longest HTTP body. */
  readonly frameMaxBytes: number;
  /** Proxies in front, each of which appends the address it was called from to `X-Forwarded-For`. */
  readonly trustedProxies: number;
}

export type AcceptedUpgrade = Extract<UpgradeDecision, { readonly kind: "accept" }>;

/** What a socket tells beyond its frames. */
export interface SocketEvents extends TransportEvents {
  /** A ping: no frame of ours, but a sign of life. */
  heard(): void;
}

export interface SocketHandlers {
  beginUpgrade(request: UpgradeRequest): BegunUpgrade;
  openSocket(transport: ClientTransport, accepted: AcceptedUpgrade): SocketEvents;
  /** Never rejects. */
  http(request: HttpRequest): Promise<HttpAnswer>;
}

/**
 * HTTP and WebSocket on one port. Every implementation passes `test/engine-compliance`:
 * - text messages only; a binary one closes with 4501, one over `frameMaxBytes` with 1009;
 * - frames arrive in order and whole; `bufferedBytes` is what the network has not taken; `drained` follows when it falls;
 * - nothing is called on a session after its socket has closed, and a socket that has closed ignores what is sent to it.
 */
export interface SocketServer {
  readonly kind: EngineKind;
  readonly port: number;
  /** No new connections; those open stay. */
  stopAccepting(): void;
  /** Drops whatever is still open. */
  close(): Promise<void>;
}

export type StartSocketServer = (options: SocketServerOptions, handlers: SocketHandlers) => Promise<SocketServer>;

/**
 * The client's address for counting: the peer's, or behind proxies what the outermost of them has seen. Counted from the
 * end of the list: what stands before that came from the client, who may write anything.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trustedProxies: number): string {
  if (trustedProxies === 0 || forwardedFor === undefined) return peer;
  const addresses = forwardedFor.split(",");
  const address = addresses[Math.max(0, addresses.length - trustedProxies)]!.trim();
  return address === "" ? peer : address.slice(0, 64);
}
