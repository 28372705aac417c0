import type { HttpRequest as UwsRequest, HttpResponse as UwsResponse } from "uWebSockets.js";
import { STATUS_CODES } from "node:http";
import {
  ambiguousLength,
  bodyTooLarge,
  type HttpAnswer,
  type HttpRequest,
  type HttpResponse,
  type HttpSink,
  type HttpStreamEvents,
  type HttpStreamResponse,
} from "@tidewire/edge-session";
import { clientAddress, type SocketHandlers, type SocketServerOptions } from "./socket-engine.ts";

/** Everything uWS forgets when its handler returns. */
export interface UwsRequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly address: string;
}

export function readHead(
  res: UwsResponse,
  req: UwsRequest,
  options: { readonly trustedProxies: number },
): UwsRequestHead {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    // A field of several lines is one list, by RFC 9110 section 5.3; two credentials make none.
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  const peer = Buffer.from(res.getRemoteAddressAsText()).toString("latin1");
  return {
    method: req.getCaseSensitiveMethod().toUpperCase(),
    path: req.getUrl(),
    query: req.getQuery() ?? "",
    headers,
    address: clientAddress(peer, headers.get("x-forwarded-for"), options.trustedProxies),
  };
}

/** One HTTP exchange: after an abort every use of a uWS response throws, so everything here looks first. */
export class UwsExchange {
  readonly #res: UwsResponse;
  readonly #head: UwsRequestHead;
  readonly #handlers: SocketHandlers;
  readonly #bodyMaxBytes: number;
  readonly #abortListeners: (() => void)[] = [];
  #chunks: Buffer[] = [];
  #bodyBytes = 0;
  #isOver = false;

  constructor(res: UwsResponse, head: UwsRequestHead, handlers: SocketHandlers, options: SocketServerOptions) {
    this.#res = res;
    this.#head = head;
    this.#handlers = handlers;
    this.#bodyMaxBytes = options.frameMaxBytes;
    res.onAborted(() => {
      this.#isOver = true;
      for (const listener of this.#abortListeners) listener();
    });
    // Two lengths that a proxy in front may read otherwise: the way to smuggle a request past it.
    if (head.headers.get("content-length")?.includes(",") === true) this.#respond(ambiguousLength(), true);
    else res.onData((chunk, isLast) => this.#receive(chunk, isLast));
  }

  #receive(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#isOver) return;
    this.#bodyBytes += chunk.byteLength;
    if (this.#bodyBytes > this.#bodyMaxBytes) {
      this.#respond(bodyTooLarge(this.#bodyMaxBytes), true);
      return;
    }
    // The chunk is detached when this returns.
    if (chunk.byteLength > 0) this.#chunks.push(Buffer.from(Buffer.from(chunk)));
    if (isLast) void this.#handle(Buffer.concat(this.#chunks));
  }

  async #handle(body: Buffer): Promise<void> {
    const { method, path, query, address, headers } = this.#head;
    this.#chunks = [];
    const request: HttpRequest = {
      method,
      path,
      query,
      address,
      body,
      header: (name) => headers.get(name),
      onAborted: (listener) => {
        if (this.#isOver) listener();
        else this.#abortListeners.push(listener);
      },
    };
    const answer: HttpAnswer = await this.#handlers.http(request);
    if (this.#isOver) return;
    if (answer.kind === "response") this.#respond(answer, false);
    else this.#stream(answer);
  }

  #respond(answer: HttpResponse, closes: boolean): void {
    this.#isOver = true;
    const res = this.#res;
    res.cork(() => {
      this.#writeHead(answer);
      const isHead = this.#head.method === "HEAD";
      // uWS takes an explicit `undefined` for a number and writes 2^63 as the length, which strict clients refuse.
      if (answer.status === 204 || answer.status === 304) res.endWithoutBody();
      else if (answer.body === undefined || isHead) res.endWithoutBody(bytesOf(answer.body), closes);
      else res.end(answer.body, closes);
    });
  }

  #stream(answer: HttpStreamResponse): void {
    const res = this.#res;
    const sink = new UwsSink(res, () => {
      this.#isOver = true;
    });
    let events: HttpStreamEvents | undefined;
    this.#abortListeners.push(() => {
      sink.detach();
      events?.closed();
    });
    res.onWritable(() => {
      sink.unblock();
      events?.drained();
      return true;
    });
    res.cork(() => {
      this.#writeHead(answer);
      events = answer.start(sink);
    });
  }

  #writeHead(answer: HttpAnswer): void {
    this.#res.writeStatus(`${answer.status} ${STATUS_CODES[answer.status] ?? ""}`);
    for (const [name, value] of Object.entries(answer.headers)) this.#res.writeHeader(name, value);
  }
}

function bytesOf(body: string | Uint8Array | undefined): number {
  return body === undefined ? 0 : Buffer.byteLength(body);
}

/** A response that goes on. uWS does not tell how much it buffers, only when it began to: then it counts as full. */
class UwsSink implements HttpSink {
  #res: UwsResponse | undefined;
  #isBlocked = false;
  readonly #onEnd: () => void;

  constructor(res: UwsResponse, onEnd: () => void) {
    this.#res = res;
    this.#onEnd = onEnd;
  }

  get bufferedBytes(): number {
    return this.#isBlocked ? Number.MAX_SAFE_INTEGER : 0;
  }

  write(text: string): void {
    const res = this.#res;
    res?.cork(() => {
      if (!res.write(text)) this.#isBlocked = true;
    });
  }

  end(): void {
    const res = this.#res;
    this.#res = undefined;
    this.#onEnd();
    res?.cork(() => {
      res.end();
    });
  }

  unblock(): void {
    this.#isBlocked = false;
  }

  detach(): void {
    this.#res = undefined;
  }
}
