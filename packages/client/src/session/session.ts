import type { Checkpoint, JsonObject } from "@tidewire/delta";
import type { Clock, Random, Timer } from "@tidewire/foundation";
import {
  type Authenticated,
  type Drain,
  type JsonValue,
  readDownFrame,
  type StreamCheck,
} from "@tidewire/protocol-client";
import { TidewireError } from "../tidewire-error.ts";
import type { Transport, TransportConnection, TransportTarget } from "../transport/transport.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Heartbeat } from "./heartbeat.ts";
import { lostError, type SessionEnd, sessionEndOf } from "./session-end.ts";
import { readWelcome } from "./welcome.ts";

/** Exactly one of the three is called, once. `onLost`: no answer came, and the request may or may not have had effect. */
export interface RequestHandler {
  onResult(result: JsonValue): void;
  onError(error: TidewireError): void;
  onLost(): void;
}

export interface StreamListener {
  onSnapshot(frame: JsonObject): void;
  onDelta(frame: JsonObject): void;
  /** The server ended the stream. Nothing follows. */
  onEnd(error: TidewireError): void;
  /** The session ended. Nothing follows. */
  onLost(): void;
  /** What to tell the server of this stream with the next heartbeat, if anything. */
  checkpoint(): Checkpoint | undefined;
}

export interface SessionEvents {
  /** The transport works; authentication follows. */
  onTransportOpen(session: Session): void;
  /** Authenticated: requests and streams may begin. */
  onOpen(session: Session): void;
  onSilence(session: Session, isSilent: boolean): void;
  onDrain(session: Session, drain: Drain): void;
  /** Once, unless the session was closed from this side; before any `onLost` of what it carried. */
  onClose(session: Session, end: SessionEnd): void;
}

export interface SessionOptions {
  /** How long the transport may take to open. */
  readonly openTimeoutMs: number;
  /** How long an answer may take. */
  readonly requestTimeoutMs: number;
}

interface PendingRequest {
  readonly handler: RequestHandler;
  readonly timer: Timer;
}

/** One authenticated connection: requests and their answers, streams, heartbeats and acknowledgements. It never comes back. */
export class Session {
  readonly transport: Transport;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #target: TransportTarget;
  readonly #events: SessionEvents;
  readonly #options: SessionOptions;
  readonly #requests = new Map<number, PendingRequest>();
  readonly #streams = new Map<number, StreamListener>();
  #connection: TransportConnection | undefined;
  #acknowledgements: Acknowledgements | undefined;
  #heartbeat: Heartbeat | undefined;
  #openTimer: Timer | undefined;
  #retireTimer: Timer | undefined;
  #welcome: Authenticated | undefined;
  #nextId = 1;
  #isOver = false;
  #roundTripMs: number | undefined;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly transport: Transport },
    target: TransportTarget,
    events: SessionEvents,
    options: SessionOptions,
  ) {
    this.transport = modules.transport;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#target = target;
    this.#events = events;
    this.#options = options;
  }

  /** What the server said at the start. Only read once open. */
  get welcome(): Authenticated {
    if (this.#welcome === undefined) throw new Error("the session is not open yet");
    return this.#welcome;
  }

  get isOpen(): boolean {
    return this.#welcome !== undefined && !this.#isOver;
  }

  /** Of the last heartbeat. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  start(): void {
    this.#openTimer = this.#clock.after(this.#options.openTimeoutMs, () =>
      this.#die(lostError("the connection did not open in time")),
    );
    this.#connection = this.transport.open(this.#target, {
      onOpen: () => {
        this.#openTimer?.cancel();
        this.#events.onTransportOpen(this);
        this.#authenticate();
      },
      onFrame: (frame, bytes) => this.#receive(frame, bytes),
      onClose: (close) => this.#end(sessionEndOf(close)),
    });
  }

  /** Proves again who this is, before the token expires. */
  renew(token: string, handler: RequestHandler): void {
    this.request("session/authenticate", JSON.stringify({ token }), handler);
  }

  /** `parameters` is a JSON object as text. On a session that is over, `onLost` is called at once. */
  request(method: string, parameters: string, handler: RequestHandler): void {
    if (this.#isOver) return handler.onLost();
    const id = this.#nextId++;
    const timer = this.#clock.after(this.#options.requestTimeoutMs, () => this.#takeRequest(id)?.onLost());
    this.#requests.set(id, { handler, timer });
    this.#sendRequest(id, method, parameters);
  }

  /** Opens a stream; its id is what other requests call `connection`. */
  openStream(parameters: string, listener: StreamListener): number {
    const id = this.#nextId++;
    this.#streams.set(id, listener);
    this.#sendRequest(id, "connection/create", parameters);
    return id;
  }

  /** Tells the server that the stream is not needed any more. Nothing of it is heard from then on. */
  endStream(id: number): void {
    if (!this.#streams.has(id) || this.#isOver) return;
    this.request("connection/end", JSON.stringify({ connection: id }), nobody);
    this.forgetStream(id);
  }

  /** Stops listening to a stream of a session that is about to be closed anyway. */
  forgetStream(id: number): void {
    this.#streams.delete(id);
    this.#acknowledgements?.forget(id);
    this.#closeIfRetired();
  }

  /** Another session has taken over: closes as soon as nothing is under way here any more, at the latest after a while. */
  retire(graceMs: number): void {
    if (this.#isOver) return;
    this.#retireTimer = this.#clock.after(graceMs, () => this.close());
    this.#closeIfRetired();
  }

  /** Ends the session from this side. What it carried is lost; `onClose` is not called. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection?.close();
    this.#release();
  }

  #authenticate(): void {
    const token = this.#target.token === "" ? undefined : this.#target.token;
    this.request("session/authenticate", token === undefined ? "{}" : JSON.stringify({ token }), {
      onResult: (result) => this.#open(readWelcome(result)),
      onError: (error) => {
        this.#connection?.close();
        this.#end({ error, isTerminal: !error.retryable, retryAfterMs: error.retryAfterMs });
      },
      onLost: () => this.#die(lostError("the server did not answer to the authentication")),
    });
  }

  #open(welcome: Authenticated): void {
    this.#welcome = welcome;
    this.#acknowledgements = new Acknowledgements(
      this.#clock,
      (acks) => this.#connection?.send(JSON.stringify({ id: 0, ack: acks })),
      welcome.limits.ackWindowBytes,
    );
    const events = {
      onBeat: () => this.#beat(),
      onSilence: (isSilent: boolean) => this.#events.onSilence(this, isSilent),
      onDead: () => this.#die(lostError("the server was not heard for two heartbeats")),
    };
    this.#heartbeat = new Heartbeat({ clock: this.#clock, random: this.#random }, events, welcome.heartbeatMs);
    this.#events.onOpen(this);
  }

  #receive(value: unknown, bytes: number): void {
    const frame = readDownFrame(value);
    if (frame === undefined) return this.#die(lostError("the server sent what is no frame"));
    this.#heartbeat?.heard();
    switch (frame.kind) {
      case "result":
        return this.#takeRequest(frame.id)?.onResult(frame.result);
      case "snapshot":
        return this.#takeFrame(frame.id, frame.snapshot as JsonObject, bytes, "onSnapshot");
      case "delta":
        return this.#takeFrame(frame.id, frame.delta as JsonObject, bytes, "onDelta");
      case "error":
        return this.#fail(frame.id, TidewireError.fromBody(frame.error));
      case "end":
        return this.#fail(frame.id, TidewireError.fromBody(frame.end));
      case "heartbeat":
        return this.#heartbeat?.serverBeat();
      case "drain":
        return this.#events.onDrain(this, frame.drain);
      default:
      // A newer server's: nothing that this client was promised.
    }
  }

  #takeFrame(id: number, frame: JsonObject, bytes: number, method: "onSnapshot" | "onDelta"): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream[method](frame);
    const seq = frame["@s"];
    // Taken off the wire counts, even if the stream could not use it: the window is about what is under way.
    if (this.#streams.has(id) && typeof seq === "number") this.#acknowledgements?.applied(id, seq, bytes);
  }

  #fail(id: number, error: TidewireError): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#takeRequest(id)?.onError(error);
    this.forgetStream(id);
    stream.onEnd(error);
  }

  #takeRequest(id: number): RequestHandler | undefined {
    const request = this.#requests.get(id);
    if (request === undefined) return undefined;
    this.#requests.delete(id);
    request.timer.cancel();
    // Only after the handler has run: it may have more to say on this session.
    if (this.#retireTimer !== undefined) queueMicrotask(() => this.#closeIfRetired());
    return request.handler;
  }

  #beat(): void {
    // Nothing more is asked of a session that only waits for its last answers.
    if (this.#retireTimer !== undefined) return;
    const streams: StreamCheck[] = [];
    for (const [id, stream] of this.#streams) {
      const checkpoint = stream.checkpoint();
      if (checkpoint !== undefined) streams.push([id, checkpoint.seq, checkpoint.hash]);
    }
    const sentAt = this.#clock.monotonicMs();
    this.request("heartbeat", JSON.stringify({ at: Math.floor(this.#clock.wallMs()), streams }), {
      ...nobody,
      onResult: () => {
        this.#roundTripMs = this.#clock.monotonicMs() - sentAt;
      },
    });
  }

  #sendRequest(id: number, method: string, parameters: string): void {
    const rest = parameters === "{}" ? "}" : `,${parameters.slice(1)}`;
    this.#connection?.send(`{"id":${id},"method":"${method}"${rest}`);
  }

  #closeIfRetired(): void {
    if (this.#retireTimer !== undefined && this.#streams.size === 0 && this.#requests.size === 0) this.close();
  }

  /** The peer does not answer, or does not make sense. */
  #die(error: TidewireError): void {
    if (this.#isOver) return;
    this.#connection?.abort();
    this.#end({ error, isTerminal: false, retryAfterMs: undefined });
  }

  #end(end: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onClose(this, end);
    this.#release();
  }

  #release(): void {
    for (const timer of [this.#openTimer, this.#retireTimer]) timer?.cancel();
    this.#heartbeat?.stop();
    this.#acknowledgements?.stop();
    const requests = [...this.#requests.values()];
    const streams = [...this.#streams.values()];
    this.#requests.clear();
    this.#streams.clear();
    for (const request of requests) {
      request.timer.cancel();
      request.handler.onLost();
    }
    for (const stream of streams) stream.onLost();
  }
}

const nobody: RequestHandler = { onResult: () => {}, onError: () => {}, onLost: () => {} };
