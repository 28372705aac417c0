import type { Clock, Random } from "@tidewire/foundation";
import type { TokenOption } from "./connection/token-source.ts";
import type { NetworkMonitor } from "./network-monitor.ts";
import type { WebSocketConstructor } from "./transport/web-socket-transport.ts";

export interface ClientOptions {
  /** Of the server: http, https, ws or wss; in a browser also relative to the page. */
  readonly url: string;
  /** A token, or who to ask for one: at each connect and before a JWT expires. Absent: anonymous, where that is allowed. */
  readonly token?: TokenOption;
  /** `auto` begins with WebSocket and falls back to long polling when that does not get through. */
  readonly transport?: "auto" | "websocket" | "poll";

  /** The platform's own by default. Node 20 has none: pass the one of `ws`, or the client polls. */
  readonly webSocket?: WebSocketConstructor;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly network?: NetworkMonitor;

  readonly limits?: Partial<ClientLimits>;
}

/** Bounds and patience. Every one has a default. */
export interface ClientLimits {
  /** How long a transport may take to open. */
  readonly openTimeoutMs: number;
  /** How long the server may take to answer to one request before it is asked again. */
  readonly requestTimeoutMs: number;
  /** How long a stream may take to begin. */
  readonly firstFrameTimeoutMs: number;
  /** How long a call is tried, over reconnects. */
  readonly sendTimeoutMs: number;
  /** How long a session that was replaced is kept for its last answers. */
  readonly handoverMs: number;
  /** How long a stream goes on after its last listener left. */
  readonly lingerMs: number;
  /** Calls without an answer, waiting for a connection or on their way. One more is refused as `overloaded`. */
  readonly pendingCallsMax: number;
  /** Their arguments together, in UTF-16 units. */
  readonly pendingCallsMaxLength: number;
  /** Documents this client remembers. One more in use is refused as `limit_exceeded`. */
  readonly documentsMax: number;
}

export const defaultClientOptions: ClientLimits = {
  openTimeoutMs: 5_000,
  // Longer than the 10 s the server gives itself, so that it is normally the server that says `timeout`.
  requestTimeoutMs: 15_000,
  firstFrameTimeoutMs: 15_000,
  sendTimeoutMs: 60_000,
  handoverMs: 5_000,
  lingerMs: 0,
  pendingCallsMax: 1_000,
  pendingCallsMaxLength: 8 * 1_024 * 1_024,
  documentsMax: 1_000,
};
