import { type DocumentName, ServiceError, type Timer } from "@tidewire/foundation";
import type { Authentication } from "../auth/authenticator.ts";
import type { EdgeLimits } from "../limits.ts";
import { clientErrorBody } from "../protocol/error-body.ts";
import type { SessionModules } from "../session/session.ts";
import { SessionIdentity } from "../session/session-identity.ts";
import type { RegisteredSession } from "../session/session-registry.ts";
import { DocumentStream, type StreamSink } from "../stream/document-stream.ts";
import type { StreamFrame } from "../stream/held-frame.ts";
import { readStateTag, stateTag } from "./entity-tag.ts";
import type { HttpAnswer, HttpRequest, HttpSink, HttpStreamEvents } from "./http-message.ts";

const decoder = new TextDecoder();

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store",
  // Asks proxies of the nginx family to pass events on at once.
  "X-Accel-Buffering": "no",
};

/**
 * One document stream as Server-Sent Events. The answer waits for the first frame, so that a refusal is a plain HTTP
 * error; afterwards every frame is an event whose id resumes from it.
 */
export class EventStream implements StreamSink, RegisteredSession, HttpStreamEvents {
  readonly transportName = "sse";
  readonly address: string;
  readonly #modules: SessionModules;
  readonly #limits: EdgeLimits;
  readonly #identity: SessionIdentity;
  readonly #document: DocumentStream;
  readonly #answered: Promise<HttpAnswer>;
  #answer!: (answer: HttpAnswer) => void;
  #refuse!: (error: unknown) => void;
  #first: string | undefined;
  #sink: HttpSink | undefined;
  #heartbeat: Timer | undefined;
  #isOver = false;

  constructor(
    modules: SessionModules,
    request: HttpRequest,
    target: { readonly authentication: Authentication; readonly name: DocumentName },
    limits: EdgeLimits,
  ) {
    this.#modules = modules;
    this.#limits = limits;
    this.address = request.address;
    this.#answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#refuse = reject;
    });
    const resume = readStateTag(request.header("last-event-id"));
    modules.registry.checkRoom(request.address);
    modules.admission.admit("session");
    if (resume === undefined) modules.admission.admit("snapshot");
    this.#identity = new SessionIdentity(modules, () =>
      this.ended(new ServiceError("token_expired", "the token has expired")),
    );
    this.#identity.accept(target.authentication);
    modules.registry.add(this);
    const { subscribeBudgetMs, resubscribeBudgetMs, requestDeadlineMs } = limits;
    const budgets = { subscribeBudgetMs, resubscribeBudgetMs, requestDeadlineMs };
    const { principal } = target.authentication;
    this.#document = new DocumentStream(
      modules,
      { name: target.name, principal, viewer: `${modules.newId()}.1`, resume, hashEvery: true, ...budgets },
      this,
    );
    request.onAborted(() => this.closed());
    this.#document.open();
  }

  /** The answer to the request; rejects when the stream is refused before its first frame. */
  get answered(): Promise<HttpAnswer> {
    return this.#answered;
  }

  hasRoom(): boolean {
    // Before the response is started there is room for the first frame only.
    if (this.#sink === undefined) return this.#first === undefined;
    return this.#sink.bufferedBytes < this.#limits.socketBufferMaxBytes;
  }

  frame(frame: StreamFrame): void {
    const tag = frame.hash === undefined ? undefined : stateTag(frame.seq, frame.hash);
    this.#modules.metrics.framesOut.add(1, { kind: frame.kind });
    this.#event(frame.kind, decoder.decode(frame.data), tag);
  }

  ended(error: ServiceError, hadFrames = true): void {
    if (this.#isOver) return;
    if (this.#sink === undefined && this.#first === undefined) {
      this.#close();
      this.#refuse(error);
      return;
    }
    this.#event(hadFrames ? "end" : "error", JSON.stringify(clientErrorBody(error)));
    this.#close();
    this.#sink?.end();
  }

  drained(): void {
    if (!this.#isOver) this.#document.pump();
  }

  closed(): void {
    if (this.#isOver) return;
    this.#close();
    this.#refuse(new ServiceError("unavailable", "the client is gone"));
  }

  async drain(reconnectAfterMs: number, ticketValidMs: number): Promise<void> {
    const ticket = await this.#modules.tickets.issue(this.#identity.authentication!, ticketValidMs);
    // `retry` is the field by which an EventSource learns when to come back.
    if (!this.#isOver) this.#sink?.write(`retry: ${Math.ceil(reconnectAfterMs)}\n`);
    this.#event("drain", JSON.stringify({ reconnectAfterMs, ticket }));
  }

  closeForDraining(): void {
    this.ended(new ServiceError("draining", "this edge is going away"));
  }

  #event(name: string, json: string, id?: string): void {
    if (this.#isOver) return;
    const idLine = id === undefined ? "" : `id: ${id}\n`;
    // JSON text from a host is one line; anything else would break the framing.
    const text = `event: ${name}\n${idLine}data: ${json.replaceAll("\n", "\ndata: ")}\n\n`;
    if (this.#sink !== undefined) this.#sink.write(text);
    else if (this.#first === undefined) {
      this.#first = text;
      this.#answer({ kind: "stream", status: 200, headers: HEADERS, start: (sink) => this.#start(sink) });
    } else this.#first += text;
  }

  #start(sink: HttpSink): HttpStreamEvents {
    this.#sink = sink;
    sink.write(this.#first ?? "");
    this.#first = undefined;
    if (this.#isOver) sink.end();
    else {
      this.#armHeartbeat();
      this.#document.pump();
    }
    return this;
  }

  /** A comment line: it keeps proxies and the client's watchdog from giving up. */
  #armHeartbeat(): void {
    this.#heartbeat = this.#modules.clock.after(this.#limits.heartbeatMs, () => {
      this.#sink?.write(": heartbeat\n\n");
      this.#armHeartbeat();
      this.#document.pump();
    });
  }

  #close(): void {
    this.#isOver = true;
    this.#heartbeat?.cancel();
    this.#identity.close();
    this.#modules.registry.remove(this);
    this.#document.close();
  }
}
