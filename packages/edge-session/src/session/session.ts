import { type Clock, type Logger, type Principal, type Random, ServiceError } from "@tidewire/foundation";
import {
  closeCodes,
  drainFrame,
  endFrame,
  heartbeatFrame,
  parseUpFrame,
  type StreamAck,
  type StreamEnd,
  type UpFrame,
  type UpRequest,
} from "@tidewire/protocol-client";
import type { Admission } from "../admission/admission.ts";
import { TokenBucket } from "../admission/token-bucket.ts";
import type { Authentication, Authenticator, IdSource } from "../auth/authenticator.ts";
import type { TicketAuthority } from "../auth/ticket-authority.ts";
import type { DocumentCalls } from "../hosts/document-calls.ts";
import type { HostLinks } from "../hosts/host-links.ts";
import { announcedLimits, type EdgeLimits } from "../limits.ts";
import type { EdgeMetrics } from "../metrics.ts";
import { clientError } from "../protocol/error-body.ts";
import type { DocumentDirectory } from "../routing/document-directory.ts";
import type { ClientTransport, TransportEvents } from "./client-transport.ts";
import { FlowControl } from "./flow-control.ts";
import { type AnswerableFrame, SessionAuthentication } from "./session-authentication.ts";
import { SessionHeartbeats } from "./session-heartbeats.ts";
import { SessionIdentity } from "./session-identity.ts";
import type { RegisteredSession, SessionRegistry } from "./session-registry.ts";
import { SessionRequests } from "./session-requests.ts";
import { SessionStream } from "./session-stream.ts";

export interface SessionModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: EdgeMetrics;
  readonly newId: IdSource;
  readonly authenticator: Authenticator;
  readonly tickets: TicketAuthority;
  readonly admission: Admission;
  readonly registry: SessionRegistry;
  readonly calls: DocumentCalls;
  readonly directory: DocumentDirectory;
  readonly links: HostLinks;
}

export interface SessionOptions {
  readonly limits: EdgeLimits;
  readonly transportName: "websocket" | "poll";
  /** Where the client connects from, as far as known; for counting only. */
  readonly address: string;
  /** By the `Authorization` header of the upgrade or the first POST. */
  readonly authentication?: Authentication;
  /** Assumed until a token says otherwise: an anonymous poll session in development. */
  readonly assumed?: Authentication;
  /** Whether the server's heartbeats travel; an answered poll is a sign of life by itself. */
  readonly sendsHeartbeats: boolean;
  readonly idleMs: number;
}

/**
 * One client connection, whatever carries it: text frames in, text frames out. It answers every request once, keeps the
 * document streams, and ends when its transport does, when the client falls silent, or when its token runs out.
 * Everything a client can do wrong either fails the one request or closes the connection with a code; see `closeCodes`.
 */
export class Session implements TransportEvents, RegisteredSession {
  readonly id: string;
  readonly address: string;
  readonly transportName: string;
  readonly #modules: SessionModules;
  readonly #transport: ClientTransport;
  readonly #limits: EdgeLimits;
  readonly #options: SessionOptions;
  readonly #flow: FlowControl;
  readonly #identity: SessionIdentity;
  readonly #authentication: SessionAuthentication;
  readonly #requests: SessionRequests;
  readonly #heartbeats: SessionHeartbeats;
  readonly #rate: TokenBucket;
  readonly #streams = new Map<number, SessionStream>();
  #viewers = 0;
  #isClosed = false;

  constructor(modules: SessionModules, transport: ClientTransport, options: SessionOptions) {
    const { limits } = options;
    this.id = modules.newId();
    this.address = options.address;
    this.transportName = options.transportName;
    this.#modules = modules;
    this.#transport = transport;
    this.#limits = limits;
    this.#options = options;
    this.#flow = new FlowControl(transport, limits);
    this.#identity = new SessionIdentity(modules, () => this.#expired());
    if (options.authentication !== undefined) this.#identity.accept(options.authentication);
    else if (options.assumed !== undefined) this.#identity.assume(options.assumed);
    this.#authentication = new SessionAuthentication(modules, this.#identity, {
      waitingMax: limits.requestsMax,
      authenticateMs: limits.authenticateMs,
      dispatch: (frame) => this.#dispatch(frame),
      onLate: () => this.close(closeCodes.unauthenticated, "session/authenticate did not come in time"),
    });
    this.#requests = new SessionRequests(modules, (text) => this.#send(text));
    this.#rate = new TokenBucket(modules, { perSecond: limits.sendsPerSecond, burst: limits.sendsBurst });
    this.#heartbeats = new SessionHeartbeats(
      modules,
      { heartbeatMs: limits.heartbeatMs, idleMs: options.idleMs },
      { beat: () => this.#beat(), silence: () => this.close(closeCodes.silent, "nothing was heard for too long") },
    );
    modules.registry.add(this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes this session holds back for streams without room; bounded by a snapshot for each. */
  get heldBytes(): number {
    let bytes = 0;
    for (const stream of this.#streams.values()) bytes += stream.document.heldBytes;
    return bytes;
  }

  receive(text: string): void {
    if (text.length > this.#limits.frameMaxBytes) {
      this.close(closeCodes.frameTooLarge, "a frame may have frameMaxBytes at most");
      return;
    }
    this.accept(parseUpFrame(text));
  }

  /** One frame, read already. */
  accept(frame: UpFrame): void {
    if (this.#isClosed) return;
    this.#heartbeats.heard();
    switch (frame.kind) {
      case "fault":
        this.close(frame.closeCode, frame.reason);
        return;
      case "ack":
        this.#acknowledge(frame.ack);
        return;
      default:
        this.#dispatch(frame);
    }
  }

  /** The client is there, although it sent no frame: a ping, a poll. */
  heard(): void {
    this.#heartbeats.heard();
  }

  drained(): void {
    if (!this.#isClosed) this.#flow.pump();
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeats.stop();
    this.#identity.close();
    this.#modules.registry.remove(this);
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#authentication.close();
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.closed();
    this.#modules.metrics.closes.add(1, { code: String(code) });
    this.#transport.close(code, reason);
  }

  async drain(reconnectAfterMs: number, ticketValidMs: number): Promise<void> {
    const authentication = this.#identity.authentication;
    // Who has not said who they are has nothing to take along.
    const ticket = authentication === undefined ? "" : await this.#modules.tickets.issue(authentication, ticketValidMs);
    this.#send(drainFrame({ reconnectAfterMs, ticket }));
  }

  closeForDraining(): void {
    this.close(closeCodes.draining, "this edge is going away");
  }

  #dispatch(frame: AnswerableFrame): void {
    try {
      if (this.#requests.has(frame.id) || this.#streams.has(frame.id)) throw idInUse();
      if (this.#authentication.isJudging) this.#authentication.wait(frame);
      else if (frame.kind === "refused") throw frame.error;
      else this.#request(frame.id, frame.request);
    } catch (error) {
      this.#refuse(frame.id, ServiceError.from(error));
    }
  }

  #refuse(id: number, error: ServiceError): void {
    this.#modules.metrics.requests.add(1, { method: "refused", outcome: error.code });
    this.#requests.error(id, error);
  }

  #acknowledge(entries: readonly StreamAck[]): void {
    this.#flow.startWindow();
    for (const [id, seq] of entries) {
      const stream = this.#streams.get(id);
      if (stream !== undefined) this.#flow.acknowledge(stream, seq);
    }
    this.#flow.pump();
  }

  #request(id: number, request: UpRequest): void {
    const retryAfterMs = this.#rate.take();
    if (retryAfterMs !== undefined) throw limitExceeded("sendsPerSecond", retryAfterMs);
    if (this.#requests.size >= this.#limits.requestsMax) throw limitExceeded("requestsMax");
    if (request.method === "session/authenticate") {
      this.#authenticate(id, request.token);
      return;
    }
    const principal = this.#identity.use();
    if (principal === undefined) throw new ServiceError("unauthenticated", "session/authenticate comes first");
    if (request.method === "heartbeat") this.#heartbeat(id, request);
    else this.#perform(id, principal, request);
  }

  #perform(
    id: number,
    principal: Principal,
    request: Exclude<UpRequest, { method: "heartbeat" | "session/authenticate" }>,
  ): void {
    const { calls } = this.#modules;
    const { method } = request;
    const run = (work: Promise<string>): void => this.#requests.run(id, method, work);
    switch (method) {
      case "document/create":
        return run(calls.create(principal, request, request).then(({ seq }) => `{"seq":${seq}}`));
      case "document/get":
        return run(this.#view(principal, request));
      case "document/delete":
        return run(calls.delete(principal, request).then(() => "{}"));
      case "message/send":
        return run(calls.send(principal, request, request).then(sendResult));
      case "connection/create":
        return this.#openStream(id, principal, request);
      case "connection/send":
        return run(calls.send(principal, this.#stream(request.connection).document.name, request).then(sendResult));
      case "connection/update":
        return run(
          this.#stream(request.connection)
            .document.updateViewState(request.viewState)
            .then(() => "{}"),
        );
      case "connection/resync":
        return this.#resync(id, this.#stream(request.connection));
      case "connection/end":
        return this.#endStream(id, this.#stream(request.connection));
    }
  }

  async #view(principal: Principal, request: Extract<UpRequest, { method: "document/get" }>): Promise<string> {
    const { seq, hash, json } = await this.#modules.calls.get(principal, request);
    return `{"seq":${seq},"hash":"${hash}","view":${decoder.decode(json)}}`;
  }

  #heartbeat(id: number, request: Extract<UpRequest, { method: "heartbeat" }>): void {
    for (const [stream, seq, hash] of request.streams ?? []) this.#streams.get(stream)?.document.check(seq, hash);
    this.#requests.result(id, `{"at":${request.at}}`);
  }

  #stream(id: number): SessionStream {
    const stream = this.#streams.get(id);
    if (stream !== undefined) return stream;
    throw new ServiceError("invalid_argument", "connection is not the id of an open stream", {
      details: { parameter: "connection", reason: "no_such_connection" },
    });
  }

  #openStream(id: number, principal: Principal, request: Extract<UpRequest, { method: "connection/create" }>): void {
    if (this.#streams.size >= this.#limits.streamsMax) throw limitExceeded("streamsMax");
    // A resume is usually answered without the view being sent again, so it is let in first.
    if (request.resume === undefined) this.#modules.admission.admit("snapshot");
    const { space, key, viewState, resume } = request;
    const { resubscribeBudgetMs, subscribeBudgetMs, requestDeadlineMs } = this.#limits;
    const stream = new SessionStream(
      { ...this.#modules, transport: this.#transport, flow: this.#flow },
      id,
      {
        name: { space, key },
        principal,
        viewState,
        resume,
        viewer: `${this.id}.${++this.#viewers}`,
        hashEvery: false,
        resubscribeBudgetMs,
        subscribeBudgetMs,
        requestDeadlineMs,
      },
      (ended, error, hadFrames) => this.#streamEnded(ended, error, hadFrames),
    );
    this.#streams.set(id, stream);
    stream.document.open();
  }

  #resync(id: number, stream: SessionStream): void {
    this.#modules.admission.admit("snapshot");
    this.#modules.metrics.resyncs.add();
    this.#requests.result(id, "{}");
    stream.document.resync();
  }

  #endStream(id: number, stream: SessionStream): void {
    stream.close();
    this.#streams.delete(stream.id);
    this.#requests.result(id, "{}");
    this.#send(endFrame(stream.id, ENDED_BY_CLIENT));
  }

  #streamEnded(stream: SessionStream, error: ServiceError, hadFrames: boolean): void {
    this.#streams.delete(stream.id);
    if (hadFrames) this.#send(endFrame(stream.id, endOf(error)));
    else this.#requests.error(stream.id, error);
    this.#flow.pump();
  }

  #authenticate(id: number, token: string | undefined): void {
    const answer = this.#authentication.authenticate(token).then(({ principal }) => {
      const { heartbeatMs } = this.#limits;
      const limits = { ...announcedLimits(this.#limits), idleMs: this.#options.idleMs };
      return JSON.stringify({ principal, session: this.id, heartbeatMs, limits });
    });
    this.#requests.run(id, "session/authenticate", answer, () => this.#authentication.release());
  }

  #expired(): void {
    const error = new ServiceError("token_expired", "the token has expired");
    for (const stream of this.#streams.values()) {
      stream.close();
      this.#send(endFrame(stream.id, endOf(error)));
    }
    this.#streams.clear();
    this.close(closeCodes.tokenExpired, "the token has expired");
  }

  #beat(): void {
    if (this.#options.sendsHeartbeats) this.#send(heartbeatFrame({ at: this.#modules.clock.wallMs() }));
    this.#flow.pump();
  }

  #send(text: string): void {
    if (this.#isClosed) return;
    this.#transport.send(text);
    if (this.#transport.bufferedBytes > this.#limits.outboundMaxBytes) {
      this.close(closeCodes.tooSlow, "too much waits to be read");
    }
  }
}

const decoder = new TextDecoder();

/** Not a failure, so not in the registry of errors. */
const ENDED_BY_CLIENT = { code: "ended", message: "ended by the client", retryable: false };

function sendResult(response: { readonly seq: number; readonly value?: string | undefined }): string {
  const { seq, value } = response;
  return value === undefined ? `{"seq":${seq}}` : `{"seq":${seq},"value":${value}}`;
}

/** An end says what an error does, without number and details. */
function endOf(thrown: ServiceError): StreamEnd {
  const { code, message, retryable, retryAfterMs } = clientError(thrown);
  return { code, message, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function idInUse(): ServiceError {
  return new ServiceError("invalid_argument", "the id is still in use", { details: { reason: "id_in_use" } });
}

function limitExceeded(limit: string, retryAfterMs?: number): ServiceError {
  return new ServiceError("limit_exceeded", `${limit} is reached`, {
    details: { limit },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
