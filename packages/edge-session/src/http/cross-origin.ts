import type { HttpHeaders, HttpRequest, HttpResponse } from "./http-message.ts";

/** Which web origins may talk to this edge from a browser. `*` allows all; tokens are never ambient, so that is no leak. */
export class OriginPolicy {
  readonly #allowed: ReadonlySet<string>;

  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(allowed.map((origin) => origin.toLowerCase()));
  }

  /** Requests without an `Origin` do not come from another site's page. */
  allows(origin: string | undefined): boolean {
    return origin === undefined || this.#allowed.has("*") || this.#allowed.has(origin.toLowerCase());
  }

  /** What a browser needs to see before it shows the answer to a page of that origin. */
  headersFor(request: HttpRequest): HttpHeaders {
    const origin = request.header("origin");
    if (origin === undefined || !this.allows(origin)) return {};
    return {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Expose-Headers": "ETag, Tidewire-Seq, Retry-After",
      Vary: "Origin",
    };
  }

  preflight(request: HttpRequest): HttpResponse {
    return {
      kind: "response",
      status: 204,
      headers: {
        ...this.headersFor(request),
        "Access-Control-Allow-Methods": "GET, HEAD, PUT, POST, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, Idempotency-Key, Last-Event-ID",
        "Access-Control-Max-Age": "86400",
      },
    };
  }
}
