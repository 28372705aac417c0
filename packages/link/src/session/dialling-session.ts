import { type Clock, type Logger, ServiceError } from "@tidewire/foundation";
import type { Reader, StreamMethod, UnaryMethod } from "@tidewire/wire";
import { DeadlineQueue } from "../deadline-queue.ts";
import { ErrorBodyCodec } from "../generated/link-codecs.ts";
import type { CallOptions, ClientStream, ClientStreamHandlers, LinkConnection, LinkPeer } from "../link.ts";
import { LinkError } from "../link-error.ts";
import { CallTable } from "./call-table.ts";
import { type Carrier, FrameType } from "./carrier.ts";
import { type ClientStreamOwner, SessionClientStream } from "./client-stream.ts";
import { Departure } from "./departure.ts";
import { ReceivedErrors } from "./error-body.ts";
import { takeStreamIds } from "./frame-body.ts";
import type { FailureTally } from "./link-failures.ts";
import { ownedMessage } from "./owned-message.ts";
import { PendingCall, type PendingCallOwner } from "./pending-call.ts";
import { defaultSessionLimits, type SessionLimits } from "./session-limits.ts";

export interface DiallingModules {
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts what fails, where somebody asks. */
  readonly failures?: FailureTally;
}

/**
 * The dialling side of one connection: knows every call and stream in flight and ends each exactly once, whatever
 * happens first of answer, deadline, cancellation and the end of the connection. Moves no bytes itself.
 */
export class DiallingSession implements LinkConnection, ClientStreamOwner, PendingCallOwner {
  readonly peer: LinkPeer;
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: SessionLimits;
  readonly #failures: FailureTally | undefined;
  readonly #deadlines: DeadlineQueue;
  readonly #calls = new CallTable();
  readonly #streams = new Map<number, SessionClientStream>();
  readonly #departure: Departure;
  /**
   * One for all refusals: an error costs 20 us for its stack, ten times what a call does, so that a connection with too
   * much to do would have had far more to do by refusing.
   */
  readonly #overloaded = new LinkError("overloaded", "too much waits on the connection", false);
  /** The same as a promise, which costs as much again to reject while nobody listens yet. */
  readonly #refused: Promise<never> = Promise.reject(this.#overloaded);
  readonly #receivedErrors = new ReceivedErrors();
  #nextId = 1;

  constructor(modules: DiallingModules, peer: LinkPeer, limits: SessionLimits = defaultSessionLimits) {
    this.#carrier = modules.carrier;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.peer = peer;
    this.#limits = limits;
    this.#failures = modules.failures;
    this.#deadlines = new DeadlineQueue(modules.clock);
    this.#departure = new Departure(modules.clock, modules.carrier);
    this.#refused.catch(() => {});
  }

  get isOpen(): boolean {
    return !this.#departure.isLeaving;
  }

  /** Calls and streams that have not ended. */
  get inFlight(): number {
    return this.#calls.size + this.#streams.size;
  }

  /** Whether frames of this stream or call still matter. */
  isLive(id: number): boolean {
    return this.#calls.get(id) !== undefined || this.#streams.has(id);
  }

  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const deadlineMs = options.deadlineMs ?? method.deadlineMs;
    const refusal = this.#refusal(deadlineMs);
    if (refusal !== undefined) {
      this.#failures?.count("call", refusal.code);
      return refusal === this.#overloaded ? this.#refused : Promise.reject(refusal);
    }
    return new Promise<Response>((resolve, reject) => {
      const id = this.#takeId();
      const mark = this.#carrier.outboundMark;
      try {
        this.#carrier.request(method.id, id, deadlineMs, method.request, request);
      } catch (thrown) {
        this.#failures?.count("call", ServiceError.from(thrown).code);
        throw thrown;
      }
      const deadlineAt = this.#clock.monotonicMs() + deadlineMs;
      const call = new PendingCall(this, method, { id, mark, deadlineAt }, { resolve: resolve as never, reject });
      this.#calls.add(call);
      this.#deadlines.add(call);
    });
  }

  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: ClientStreamHandlers<Down>,
    options: { readonly credit?: number } = {},
  ): ClientStream<Up> {
    const credit = options.credit ?? method.credit;
    const id = this.#takeId();
    const openMark = this.#carrier.outboundMark;
    const deadlineAt = this.#clock.monotonicMs() + method.deadlineMs;
    const stream = new SessionClientStream(this, method, handlers, { id, deadlineAt, openMark, credit });
    const refusal = this.#refusal(method.deadlineMs) ?? this.#sendOpening(method, id, credit, request);
    if (refusal !== undefined) {
      // Like any other end it comes after `open` has returned, unless the opener cancels first.
      queueMicrotask(() => {
        if (!stream.isOpen) return;
        stream.isOpen = false;
        this.#tell(stream, refusal);
      });
      return stream;
    }
    this.#streams.set(id, stream);
    this.#deadlines.add(stream);
    return stream;
  }

  onGoAway(listener: () => void): void {
    this.#departure.onGoAway(listener);
  }

  onClose(listener: (error: ServiceError | undefined) => void): void {
    this.#departure.onClose(listener);
  }

  close(graceMs = 0): Promise<void> {
    const isClosed = this.#departure.leaveWithin(graceMs);
    this.#shutIfDone();
    return isClosed;
  }

  // What the carrier reports.

  /** One whole frame. `isOwned`: the body is not used again by anyone else, so that views into it may live on. */
  receive(type: FrameType, method: number, id: number, body: Reader, isOwned: boolean): void {
    if (type === FrameType.response) this.#response(id, body, isOwned);
    else if (type === FrameType.down) this.#down(this.#streams.get(id), body);
    else if (type === FrameType.downMany) this.#downMany(method, body);
    else if (type === FrameType.opened) this.#opened(this.#streams.get(id));
    else if (type === FrameType.error) this.#error(id, body);
    else if (type === FrameType.end) this.#finishStream(this.#streams.get(id), undefined);
    else throw new ServiceError("invalid_argument", `frame type ${type} is not for the dialling side`);
  }

  /** A message that could not be put together, for instance because it is too large. */
  refuseInbound(id: number, error: ServiceError): void {
    const call = this.#calls.get(id);
    if (call !== undefined) this.#failCall(call, error);
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#cutStream(stream, error);
  }

  /** The peer serves what is in flight and nothing new. */
  peerGoAway(): void {
    this.#goingAway();
  }

  /** The carrier is gone. `undefined` for an orderly close. */
  closed(error: ServiceError | undefined): void {
    if (!this.#departure.close(error)) return;
    this.#deadlines.clear();
    const calls = this.#calls.takeAll();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const call of calls) this.#reject(call, this.#broken(call.mark, error));
    for (const stream of streams) {
      stream.isOpen = false;
      this.#tell(stream, this.#broken(stream.openMark, error));
    }
    this.#departure.tellClosed();
  }

  // What the streams ask for.

  sendUp(stream: SessionClientStream, message: unknown): void {
    if (this.#carrier.isFull) throw this.#overloaded;
    this.#carrier.message(FrameType.up, stream.method.id, stream.id, stream.method.up, message);
  }

  grant(stream: SessionClientStream, messages: number): void {
    const isUrgent = stream.addAllowance(messages, this.#carrier.grantRound);
    this.#carrier.grant(stream.id, messages, stream.openMark, isUrgent);
  }

  cancel(stream: SessionClientStream): void {
    const wasLive = this.#streams.has(stream.id);
    this.#letGo(stream);
    if (wasLive) this.#sendCancel(stream.id);
    this.#shutIfDone();
  }

  openTimedOut(stream: SessionClientStream): void {
    this.#cutStream(stream, new LinkError("timeout", `${stream.method.name}: the stream was not opened in time`, true));
  }

  // Calls.

  callTimedOut(call: PendingCall): void {
    const isSent = this.#carrier.hasLeft(call.mark);
    this.#sendCancel(call.id);
    this.#failCall(call, new LinkError("timeout", `${call.method.name}: no answer in time`, isSent));
  }

  #refusal(deadlineMs: number): LinkError | undefined {
    if (!this.isOpen) return new LinkError("unavailable", "the connection is closed", false);
    if (deadlineMs <= 0) return new LinkError("timeout", "no time was left", false);
    if (this.#carrier.isFull || this.inFlight >= this.#limits.inFlightMax) return this.#overloaded;
    if (this.#calls.size >= this.#limits.behindCallsMax && this.#carrier.isBehind === true) return this.#overloaded;
    return undefined;
  }

  #takeId(): number {
    const id = this.#nextId++;
    if (id === this.#limits.streamIdMax) {
      this.#carrier.goAway(0);
      // Not from inside of the call that took the last id: it must be in flight first.
      queueMicrotask(() => this.#goingAway());
    }
    return id;
  }

  #response(id: number, body: Reader, isOwned: boolean): void {
    const call = this.#calls.remove(id);
    if (call === undefined) return;
    this.#deadlines.remove(call);
    try {
      call.resolve(ownedMessage(call.method.response, body, isOwned));
    } catch (thrown) {
      this.#reject(call, this.#malformed(call.method.name, thrown));
    }
    this.#shutIfDone();
  }

  #failCall(call: PendingCall, error: ServiceError): void {
    if (this.#calls.remove(call.id) === undefined) return;
    this.#deadlines.remove(call);
    this.#reject(call, error);
    this.#shutIfDone();
  }

  #reject(call: PendingCall, error: ServiceError): void {
    this.#failures?.count("call", error.code);
    call.reject(error);
  }

  // Streams.

  #sendOpening<Open>(
    method: StreamMethod<Open, never, unknown> | StreamMethod<Open, unknown, unknown>,
    id: number,
    credit: number,
    request: Open,
  ): ServiceError | undefined {
    try {
      this.#carrier.open(method.id, id, method.deadlineMs, credit, method.open, request);
      return undefined;
    } catch (thrown) {
      return ServiceError.from(thrown);
    }
  }

  #opened(stream: SessionClientStream | undefined): void {
    if (stream !== undefined) this.#deadlines.remove(stream);
  }

  #down(stream: SessionClientStream | undefined, body: Reader): void {
    if (stream === undefined) return;
    let message: unknown;
    try {
      message = stream.method.down.decode(body);
    } catch (thrown) {
      this.#cutStream(stream, this.#malformed(stream.method.name, thrown));
      return;
    }
    this.#deliver(stream, message);
  }

  #downMany(method: number, body: Reader): void {
    const idsAt = takeStreamIds(body);
    const messageAt = body.position;
    const streams: SessionClientStream[] = [];
    for (let at = idsAt; at < messageAt; at += 4) {
      const stream = this.#streams.get(body.view.getUint32(at, true));
      if (stream !== undefined && stream.method.id === method) streams.push(stream);
    }
    const first = streams[0];
    if (first === undefined) return;
    let message: unknown;
    try {
      message = first.method.down.decode(body);
    } catch (thrown) {
      const error = this.#malformed(first.method.name, thrown);
      for (const stream of streams) this.#cutStream(stream, error);
      return;
    }
    for (const stream of streams) this.#deliver(stream, message);
  }

  #deliver(stream: SessionClientStream, message: unknown): void {
    // A handler of another stream may have ended this one just now.
    if (!stream.isOpen) return;
    if (stream.queueIndex >= 0) this.#deadlines.remove(stream);
    if (--stream.allowance < 0) {
      this.#cutStream(stream, new ServiceError("internal", `${stream.method.name}: the peer sent without credit`));
      return;
    }
    try {
      stream.deliver(message);
    } catch (thrown) {
      this.#logger.error({ method: stream.method.name, error: thrown }, "a stream's message handler threw");
      this.#cutStream(stream, ServiceError.from(thrown));
    }
  }

  #error(id: number, body: Reader): void {
    const error = this.#receivedErrors.of(ErrorBodyCodec.decode(body));
    const call = this.#calls.get(id);
    if (call !== undefined) this.#failCall(call, error);
    else this.#finishStream(this.#streams.get(id), error);
  }

  /** Ends a stream from this side because something is wrong with it. */
  #cutStream(stream: SessionClientStream, error: ServiceError): void {
    if (!stream.isOpen) return;
    this.#sendCancel(stream.id);
    this.#finishStream(stream, error);
  }

  #finishStream(stream: SessionClientStream | undefined, error: ServiceError | undefined): void {
    if (stream === undefined || !stream.isOpen) return;
    this.#letGo(stream);
    this.#tell(stream, error);
    this.#shutIfDone();
  }

  #letGo(stream: SessionClientStream): void {
    stream.isOpen = false;
    this.#streams.delete(stream.id);
    this.#deadlines.remove(stream);
  }

  #tell(stream: SessionClientStream, error: ServiceError | undefined): void {
    if (error !== undefined) this.#failures?.count("stream", error.code);
    try {
      stream.finish(error);
    } catch (thrown) {
      this.#logger.error({ method: stream.method.name, error: thrown }, "a stream's end handler threw");
    }
  }

  #sendCancel(id: number): void {
    this.#carrier.forget(id);
    this.#carrier.signal(FrameType.cancel, id);
  }

  // The connection.

  #goingAway(): void {
    if (this.#departure.leave()) this.#shutIfDone();
  }

  #shutIfDone(): void {
    if (this.#departure.isLeaving && !this.#departure.isClosed && this.inFlight === 0) this.#carrier.shut();
  }

  #broken(mark: number, error: ServiceError | undefined): LinkError {
    const isSent = this.#carrier.hasLeft(mark);
    const message = error === undefined ? "the connection was closed" : `the connection broke: ${error.message}`;
    return new LinkError("unavailable", message, isSent, { cause: error });
  }

  /** The peer's fault, so not the caller's: never `invalid_argument`. */
  #malformed(method: string, thrown: unknown): ServiceError {
    this.#logger.error(
      { method, peer: this.peer.nodeId, error: thrown },
      "the peer sent a message that cannot be read",
    );
    return new ServiceError("internal", `${method}: the answer cannot be read`, { cause: thrown });
  }
}
