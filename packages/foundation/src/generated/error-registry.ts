// Generated from errors.xml, digest acbb4940fe338df4. Do not edit; run codegen.
export type ErrorAudience = "client" | "internal";

export interface ErrorDefinition {
  readonly number: number;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly httpStatus: number;
  readonly audience: ErrorAudience;
  readonly meaning: string;
}

export const errorRegistry = {
  invalid_argument: { number: 1001, retryable: false, httpStatus: 400, audience: "client", meaning: "The request is malformed, or a parameter is missing, unknown or out of bounds." },
  unauthenticated: { number: 1002, retryable: false, httpStatus: 401, audience: "client", meaning: "The request needs a valid token and has none." },
  token_expired: { number: 1003, retryable: false, httpStatus: 401, audience: "client", meaning: "The token was valid and is not any more; get a new one." },
  forbidden: { number: 1004, retryable: false, httpStatus: 403, audience: "client", meaning: "The principal may not do this." },
  limit_exceeded: { number: 1005, retryable: false, httpStatus: 429, audience: "client", meaning: "A documented bound on size, count or rate was passed." },
  overloaded: { number: 1006, retryable: true, retryAfterMs: 1000, httpStatus: 503, audience: "client", meaning: "The service sheds load; retry after the given delay." },
  unavailable: { number: 1007, retryable: true, retryAfterMs: 1000, httpStatus: 503, audience: "client", meaning: "A part the request needs cannot be reached now." },
  timeout: { number: 1008, retryable: true, retryAfterMs: 1000, httpStatus: 503, audience: "client", meaning: "No answer in time; the request may or may not have taken effect." },
  draining: { number: 1009, retryable: true, retryAfterMs: 1000, httpStatus: 503, audience: "client", meaning: "The process is going away; retry and another one answers." },
  unsupported: { number: 1010, retryable: false, httpStatus: 400, audience: "client", meaning: "This version of the service does not know the method or feature." },
  not_found: { number: 2001, retryable: false, httpStatus: 404, audience: "client", meaning: "No document, space, message or path of that name." },
  already_exists: { number: 2002, retryable: false, httpStatus: 409, audience: "client", meaning: "The document exists already." },
  rejected: { number: 2003, retryable: false, httpStatus: 422, audience: "client", meaning: "The document refused the message; details carry its own code and data." },
  handler_failed: { number: 2004, retryable: false, httpStatus: 500, audience: "client", meaning: "The document's code threw or ran too long; nothing was changed." },
  moving: { number: 2103, retryable: true, retryAfterMs: 50, httpStatus: 503, audience: "client", meaning: "The document is being handed over to another host." },
  not_owner: { number: 2104, retryable: true, retryAfterMs: 250, httpStatus: 503, audience: "internal", meaning: "The host asked does not own the document under the routing table it knows." },
  fenced: { number: 3001, retryable: true, retryAfterMs: 50, httpStatus: 503, audience: "internal", meaning: "A newer owner took the document's epoch, or the log moved on: the write was refused." },
  internal: { number: 9001, retryable: false, httpStatus: 500, audience: "client", meaning: "A fault of ours; it is logged under the same request." },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errorRegistry;
