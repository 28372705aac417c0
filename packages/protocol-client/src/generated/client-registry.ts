// Generated from client.xml, digest 1a7ff875d5d4be62. Do not edit; run codegen.
export const clientApi = {
  name: "client",
  version: 1,
  digest: "1a7ff875d5d4be62",
  path: "/v1/socket",
  subprotocol: "tidewire.v1.json",
  heartbeatMs: 5000,
} as const;

/** Why a socket is closed. 4000-4499: reconnect with backoff; 4500-4999: stop. */
export const closeCodes = {
  /** Text that is not UTF-8. */
  invalidText: 1007,
  /** A frame over frameMaxBytes. */
  frameTooLarge: 1009,
  /** The token ran out and was not renewed. */
  tokenExpired: 4401,
  /** Nobody said who the client is within a minute. */
  unauthenticated: 4402,
  /** Nothing came for idleMs. */
  silent: 4408,
  /** The server goes away and the client did not leave by itself. */
  draining: 4410,
  /** The client asks but does not read. */
  tooSlow: 4413,
  /** Not one JSON object. */
  malformedFrame: 4500,
  /** A binary frame. */
  binaryFrame: 4501,
  /** The id is missing, no integer, or out of range. */
  malformedId: 4502,
  /** An ack that is no list of [stream, seq]. */
  malformedAck: 4503,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** Whether a client should come back, with backoff, after a socket was closed with this code. */
export function reconnectsAfter(closeCode: number): boolean {
  return !(closeCode >= 4500 && closeCode <= 4999) && closeCode !== 1007 && closeCode !== 1009;
}

/** What a server says of itself unless it was configured otherwise. */
export const defaultClientLimits = {
  frameMaxBytes: 1048576,
  ackWindowBytes: 262144,
  streamsMax: 1000,
  requestsMax: 1024,
  idleMs: 10000,
} as const;

/** How each method is to be handled by whoever carries it. */
export const methodRegistry = {
  "session/authenticate": { answer: "result", authorisation: "none", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "document/create": { answer: "result", authorisation: "principal", isIdempotent: false, retry: "marker", deadlineMs: 10000 },
  "document/get": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "document/delete": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "unsent", deadlineMs: 10000 },
  "connection/create": { answer: "stream", authorisation: "principal", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "connection/send": { answer: "result", authorisation: "principal", isIdempotent: false, retry: "marker", deadlineMs: 10000 },
  "connection/update": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "connection/resync": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "connection/end": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "safe", deadlineMs: 10000 },
  "message/send": { answer: "result", authorisation: "principal", isIdempotent: false, retry: "marker", deadlineMs: 10000 },
  "heartbeat": { answer: "result", authorisation: "principal", isIdempotent: true, retry: "never", deadlineMs: 5000 },
} as const;
