// Generated from client.xml, digest 1a7ff875d5d4be62. Do not edit; run codegen.
import type { JsonValue } from "../parameter-checks.ts";

/** The state a client still holds. */
export interface Resume {
  readonly seq: number;
  readonly hash: string;
}

export interface Principal {
  readonly agent: string;
  readonly authority: string;
}

/** The last frame of a stream that the client applied and verified. */
export type StreamCheck = readonly [stream: number, seq: number, hash: string];

/** A stream was applied up to seq. */
export type StreamAck = readonly [stream: number, seq: number];

export interface Limits {
  /** Longest frame the client may send; a longer one closes with 1009. */
  readonly frameMaxBytes: number;
  /** Unacknowledged stream data under way to a socket that acknowledges. */
  readonly ackWindowBytes: number;
  /** Streams one socket may have open. */
  readonly streamsMax: number;
  /** One-shot requests one socket may have in flight. */
  readonly requestsMax: number;
  /** A client silent for this long is closed with 4408. */
  readonly idleMs: number;
}

export interface Authenticated {
  readonly principal: Principal;
  readonly session: string;
  /** How often both sides say heartbeat. */
  readonly heartbeatMs: number;
  readonly limits: Limits;
}

export interface Created {
  readonly seq: number;
}

export interface DocumentView {
  readonly seq: number;
  readonly hash: string;
  /** Plain JSON, without reserved keys. */
  readonly view: JsonValue;
}

export interface Sent {
  /** The commit of the message, durable by now. */
  readonly seq: number;
  /** What the handler returned. */
  readonly value?: JsonValue | undefined;
}

export interface Done {
}

export interface Heartbeat {
  readonly at: number;
}

export interface Drain {
  /** Open a new connection after this delay, then close this one. */
  readonly reconnectAfterMs: number;
  /** Admits the new connection. */
  readonly ticket: string;
}

export interface StreamEnd {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** Parameters of `session/authenticate`. */
export interface SessionAuthenticateParameters {
  /** Without one the client is anonymous, where that is allowed. */
  readonly token?: string | undefined;
}

/** Parameters of `document/create`. */
export interface DocumentCreateParameters {
  readonly space: string;
  readonly key: string;
  readonly arg?: JsonValue | undefined;
  readonly marker?: string | undefined;
}

/** Parameters of `document/get`. */
export interface DocumentGetParameters {
  readonly space: string;
  readonly key: string;
}

/** Parameters of `document/delete`. */
export interface DocumentDeleteParameters {
  readonly space: string;
  readonly key: string;
}

/** Parameters of `connection/create`. */
export interface ConnectionCreateParameters {
  readonly space: string;
  readonly key: string;
  /** What a client may say about itself; never logged. */
  readonly viewState?: JsonValue | undefined;
  readonly resume?: Resume | undefined;
}

/** Parameters of `connection/send`. */
export interface ConnectionSendParameters {
  /** Id of the connection/create. */
  readonly connection: number;
  readonly message: string;
  readonly arg?: JsonValue | undefined;
  readonly marker?: string | undefined;
}

/** Parameters of `connection/update`. */
export interface ConnectionUpdateParameters {
  readonly connection: number;
  readonly viewState: JsonValue;
}

/** Parameters of `connection/resync`. */
export interface ConnectionResyncParameters {
  readonly connection: number;
}

/** Parameters of `connection/end`. */
export interface ConnectionEndParameters {
  readonly connection: number;
}

/** Parameters of `message/send`. */
export interface MessageSendParameters {
  readonly space: string;
  readonly key: string;
  readonly message: string;
  readonly arg?: JsonValue | undefined;
  readonly marker?: string | undefined;
}

/** Parameters of `heartbeat`. */
export interface HeartbeatParameters {
  readonly at: number;
  readonly streams?: readonly StreamCheck[] | undefined;
}

/** Parameters and results by method; a method that answers with a stream has no result. */
export interface ApiMethods {
  /** Proves who the client is; again before the token expires. */
  readonly "session/authenticate": { readonly parameters: SessionAuthenticateParameters; readonly result: Authenticated };
  readonly "document/create": { readonly parameters: DocumentCreateParameters; readonly result: Created };
  readonly "document/get": { readonly parameters: DocumentGetParameters; readonly result: DocumentView };
  readonly "document/delete": { readonly parameters: DocumentDeleteParameters; readonly result: Done };
  /** Opens the stream of the caller's view. */
  readonly "connection/create": { readonly parameters: ConnectionCreateParameters; readonly result: undefined };
  readonly "connection/send": { readonly parameters: ConnectionSendParameters; readonly result: Sent };
  readonly "connection/update": { readonly parameters: ConnectionUpdateParameters; readonly result: Done };
  /** The stream's next frame is a snapshot. */
  readonly "connection/resync": { readonly parameters: ConnectionResyncParameters; readonly result: Done };
  readonly "connection/end": { readonly parameters: ConnectionEndParameters; readonly result: Done };
  readonly "message/send": { readonly parameters: MessageSendParameters; readonly result: Sent };
  readonly "heartbeat": { readonly parameters: HeartbeatParameters; readonly result: Heartbeat };
}

export type ApiMethodName = keyof ApiMethods;
