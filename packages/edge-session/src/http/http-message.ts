/** One request, its body read already and within `frameMaxBytes`. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly body: Uint8Array;
  /** Where it comes from, as far as known; for counting only. */
  readonly address: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** Calls back if the client goes away before the answer is complete. */
  onAborted(listener: () => void): void;
}

export type HttpHeaders = Readonly<Record<string, string>>;

export interface HttpResponse {
  readonly kind: "response";
  readonly status: number;
  readonly headers: HttpHeaders;
  /** What GET would answer; to a HEAD request only its length is sent. */
  readonly body?: string | Uint8Array;
}

/** A response that goes on: Server-Sent Events. */
export interface HttpStreamResponse {
  readonly kind: "stream";
  readonly status: number;
  readonly headers: HttpHeaders;
  /** Called once, when headers are out. */
  start(sink: HttpSink): HttpStreamEvents;
}

export type HttpAnswer = HttpResponse | HttpStreamResponse;

export interface HttpSink {
  write(text: string): void;
  readonly bufferedBytes: number;
  end(): void;
}

export interface HttpStreamEvents {
  /** `bufferedBytes` has fallen. */
  drained(): void;
  /** The client is gone. Not after `end`. */
  closed(): void;
}

export function jsonResponse(status: number, json: string, headers: HttpHeaders = {}): HttpResponse {
  return {
    kind: "response",
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    body: json,
  };
}
