import type { HttpAnswer, HttpRequest, HttpResponse, HttpSink, HttpStreamEvents } from "../../src/http/http-message.ts";
import type { TestEdge } from "./test-edge.ts";

export interface RequestInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly as?: string;
}

/** One HTTP request in the test's hands. */
export class HttpExchange {
  readonly #edge: TestEdge;
  readonly #abortListeners: (() => void)[] = [];
  readonly #answered: Promise<HttpAnswer>;
  #isAborted = false;
  answer: HttpAnswer | undefined;

  constructor(edge: TestEdge, url: string, init: RequestInit = {}) {
    this.#edge = edge;
    const headers: Record<string, string> = { ...init.headers };
    if (init.as !== undefined) headers["authorization"] = `Bearer dev:${init.as}`;
    const [path, query = ""] = url.split("?") as [string, string?];
    const request: HttpRequest = {
      method: init.method ?? "GET",
      path,
      query,
      body: typeof init.body === "string" ? new TextEncoder().encode(init.body) : (init.body ?? new Uint8Array()),
      address: "192.0.2.7",
      header: (name) => headers[name],
      onAborted: (listener) => {
        if (this.#isAborted) listener();
        else this.#abortListeners.push(listener);
      },
    };
    this.#answered = edge.edge.http.handle(request).then((answer) => {
      this.answer = answer;
      return answer;
    });
  }

  abort(): void {
    this.#isAborted = true;
    for (const listener of this.#abortListeners) listener();
  }

  /** The answer as far as it has come after `ms`. */
  async response(ms = 5): Promise<Reply> {
    await this.#edge.settle(ms);
    if (this.answer === undefined) throw new Error("there is no answer yet");
    if (this.answer.kind !== "response") throw new Error("the answer is a stream");
    return new Reply(this.answer);
  }

  async stream(ms = 5): Promise<EventReader> {
    await this.#edge.settle(ms);
    if (this.answer?.kind !== "stream") throw new Error(`no stream but ${JSON.stringify(this.answer)}`);
    const reader = new EventReader();
    reader.events = this.answer.start(reader);
    return reader;
  }

  get answered(): Promise<HttpAnswer> {
    return this.#answered;
  }
}

export class Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;

  constructor(response: HttpResponse) {
    const { body = "" } = response;
    this.status = response.status;
    this.headers = response.headers;
    this.text = typeof body === "string" ? body : new TextDecoder().decode(body);
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.text) as Record<string, unknown>;
  }
}

export interface ServerEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

/** Reads server-sent events as a browser does. */
export class EventReader implements HttpSink {
  bufferedBytes = 0;
  isEnded = false;
  text = "";
  events!: HttpStreamEvents;

  write(text: string): void {
    this.text += text;
  }

  end(): void {
    this.isEnded = true;
  }

  get received(): ServerEvent[] {
    return this.text
      .split("\n\n")
      .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith(":")))
      .filter((lines) => lines.some((line) => line.startsWith("data: ")))
      .map((lines) => {
        const field = (name: string): string | undefined =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const id = field("id");
        return {
          event: field("event") ?? "message",
          ...(id === undefined ? {} : { id }),
          data: JSON.parse(field("data")!),
        };
      });
  }
}
