import { httpStatusOf, ServiceError } from "@tidewire/foundation";
import { clientError } from "../protocol/error-body.ts";
import { type HttpHeaders, type HttpResponse, jsonResponse } from "./http-message.ts";

/** An error as an HTTP response, in the same JSON as on a socket. */
export function errorResponse(thrown: unknown, headers: HttpHeaders = {}): HttpResponse {
  const error = clientError(thrown);
  return jsonResponse(statusOf(error), JSON.stringify({ error: error.toBody() }), {
    "Cache-Control": "no-store",
    ...(error.retryAfterMs === undefined ? {} : { "Retry-After": String(Math.ceil(error.retryAfterMs / 1_000)) }),
    ...(statusOf(error) === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
    ...headers,
  });
}

/** A bound on size is 413, a bound on count or rate 429; the name of the limit says which, as all units stand last. */
function statusOf(error: ServiceError): number {
  if (error.code !== "limit_exceeded") return httpStatusOf(error.code);
  const limit = error.details?.["limit"];
  return typeof limit === "string" && /bytes$|length$/i.test(limit) ? 413 : 429;
}

export function bodyTooLarge(maxBytes: number): HttpResponse {
  const details = { limit: "frameMaxBytes", maxBytes };
  return errorResponse(new ServiceError("limit_exceeded", `a body may have ${maxBytes} bytes at most`, { details }));
}

export function ambiguousLength(): HttpResponse {
  return errorResponse(new ServiceError("invalid_argument", "a request has one Content-Length"));
}

export function noSuchPath(): HttpResponse {
  return errorResponse(new ServiceError("not_found", "there is nothing under this path"));
}

export function wrongMethod(allowed: readonly string[]): HttpResponse {
  const error = new ServiceError("unsupported", "this path does not take that method");
  return { ...errorResponse(error, { Allow: allowed.join(", ") }), status: 405 };
}

/** RFC 6455, 4.2.2: names the version that is spoken. */
export function upgradeRequired(): HttpResponse {
  const error = new ServiceError("invalid_argument", "this path speaks WebSocket only, version 13");
  const headers = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13" };
  return { ...errorResponse(error, headers), status: 426 };
}
