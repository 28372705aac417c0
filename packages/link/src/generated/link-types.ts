// Generated from link.xml, digest d32dc3054e7e17af. Do not edit; run codegen.

/** First and alone, from the dialling side. */
export interface Hello {
  /** Not a link peer at all unless it is the fixed value. */
  readonly magic: number;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** Proposed; the larger of both proposals holds. */
  readonly heartbeatMs: number;
  /** Tells a restarted process from the one before. */
  readonly bootId: number;
  /** Bytes of stream messages the dialling side takes before it grants more. */
  readonly connectionWindowBytes: number;
  /** Digests of the protocols spoken, sorted and joined by spaces. */
  readonly schemaDigest: string;
  readonly nodeId: string;
  readonly role: string;
  readonly nonce: Uint8Array;
  /** HMAC-SHA256 with the shared key over everything before it. */
  readonly proof: Uint8Array;
}

/** The listening side accepts. */
export interface Welcome {
  readonly version: number;
  readonly heartbeatMs: number;
  readonly bootId: number;
  readonly connectionWindowBytes: number;
  /** Calls and streams the listening side carries at once on this connection. */
  readonly streamsMax: number;
  readonly schemaDigest: string;
  readonly nodeId: string;
  readonly role: string;
  readonly nonce: Uint8Array;
  /** HMAC-SHA256 over both nonces and everything before it. */
  readonly proof: Uint8Array;
}

/** The listening side refuses and closes. */
export interface Reject {
  /** Number of the error registry. */
  readonly code: number;
  readonly message: string;
}

export interface Ping {
  /** Monotonic milliseconds of the sender; comes back as it was. */
  readonly sentAt: number;
  /** Busy share of the sender's event loop, 0 to 255. */
  readonly load: number;
}

export interface Pong {
  readonly sentAt: number;
  readonly load: number;
}

/** Nothing new on this connection; what is in flight may end. */
export interface GoAway {
  readonly graceMs: number;
  /** Number of the error registry; 0 for an orderly close. */
  readonly code: number;
  readonly message: string;
}

export interface CreditGrant {
  readonly stream: number;
  readonly messages: number;
}

export interface Credit {
  /** Given back to the connection's byte window; may be 0. */
  readonly connectionBytes: number;
  readonly grants: readonly CreditGrant[];
}

export interface ErrorBody {
  /** Number of the error registry. */
  readonly number: number;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly details?: string | undefined;
}

/** Stands before the request of a call or stream. */
export interface CallHeader {
  /** Time left when it was sent. */
  readonly deadlineMs: number;
  /** First grant of a stream; 0 for a call. */
  readonly credit: number;
}
