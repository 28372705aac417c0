import { type Clock, type Logger, ServiceError } from "@tidewire/foundation";
import type { Codec, Reader } from "@tidewire/wire";
import { ErrorBodyCodec } from "../generated/link-codecs.ts";
import type { CallContext, LinkPeer, ServedMethods, ServedUnary } from "../link.ts";
import { type Carrier, FrameType } from "./carrier.ts";
import { Departure } from "./departure.ts";
import { bodyOfError } from "./error-body.ts";
import { MANY_STREAMS_MAX, takeCallHeader } from "./frame-body.ts";
import type { Failing, FailureTally } from "./link-failures.ts";
import { ownedMessage } from "./owned-message.ts";
import { type ServerStreamOwner, SessionServerStream } from "./server-stream.ts";

export interface ServingModules {
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: ServedMethods;
  /** Counts what fails, where somebody asks. */
  readonly failures?: FailureTally;
}

/** One call being served. */
class ServedCall implements CallContext {
  readonly peer: LinkPeer;
  readonly deadlineAt: number;
  isCancelled = false;

  constructor(peer: LinkPeer, deadlineAt: number) {
    this.peer = peer;
    this.deadlineAt = deadlineAt;
  }
}

/**
 * The listening side of one connection: runs handlers, answers each call once unless its caller gave up, and tells each
 * stream's handler once when the opener is gone. Moves no bytes itself.
 */
export class ServingSession implements ServerStreamOwner {
  readonly peer: LinkPeer;
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #services: ServedMethods;
  readonly #inFlightMax: number;
  readonly #failures: FailureTally | undefined;
  readonly #calls = new Map<number, ServedCall>();
  readonly #streams = new Map<number, SessionServerStream>();
  /** Open streams that would have sent, had the connection not been congested; the longest wait is first. */
  readonly #held = new Set<SessionServerStream>();
  readonly #departure: Departure;
  /** One for all refusals: see `DiallingSession`. */
  readonly #overloaded = new ServiceError("overloaded", "too much waits on the connection");
  /** Of the calls and streams so far; their ids go up, so that a higher one is new without a look. */
  #idHighest = 0;

  constructor(modules: ServingModules, peer: LinkPeer, limits: { readonly inFlightMax: number }) {
    this.#carrier = modules.carrier;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#services = modules.services;
    this.peer = peer;
    this.#inFlightMax = limits.inFlightMax;
    this.#failures = modules.failures;
    this.#departure = new Departure(modules.clock, modules.carrier);
  }

  get isCongested(): boolean {
    return this.#carrier.isCongested;
  }

  get inFlight(): number {
    return this.#calls.size + this.#streams.size;
  }

  isLive(id: number): boolean {
    return this.#calls.has(id) || this.#streams.has(id);
  }

  onClose(listener: () => void): void {
    this.#departure.onClose(listener);
  }

  /** Says go-away and closes when the dialling side has finished, or after `graceMs`. Resolves when closed. */
  close(graceMs: number): Promise<void> {
    return this.#departure.leaveWithin(graceMs);
  }

  // What the carrier reports.

  /** One whole frame. `isOwned`: the body is not used again by anyone else, so that views into it may live on. */
  receive(type: FrameType, method: number, id: number, body: Reader, isOwned: boolean): void {
    if (type === FrameType.request) this.#request(method, id, body, isOwned);
    else if (type === FrameType.up) this.#up(this.#streams.get(id), body);
    else if (type === FrameType.open) this.#open(method, id, body, isOwned);
    else if (type === FrameType.cancel) this.#cancel(id);
    else throw new ServiceError("invalid_argument", `frame type ${type} is not for the listening side`);
  }

  /** A message that could not be put together, for instance because it is too large. */
  refuseInbound(id: number, error: ServiceError): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#answerError("call", id, error);
    else this.#cut(stream, error);
  }

  granted(id: number, messages: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.addCredit(messages);
    if (this.#carrier.isCongested) this.#held.add(stream);
    else this.#tellCredit(stream);
  }

  /**
   * The peer takes in data again. The first streams may fill the connection at once: the others are not looked at then, or
   * with thousands that wait, a little room would cost a walk through all of them, and an overload would feed itself.
   */
  uncongested(): void {
    for (const stream of this.#held) {
      if (this.#carrier.isCongested) return;
      this.#held.delete(stream);
      this.#tellCredit(stream);
    }
  }

  /** The carrier is gone; `undefined` means in order. */
  closed(error: ServiceError | undefined): void {
    if (!this.#departure.close(undefined)) return;
    for (const call of this.#calls.values()) call.isCancelled = true;
    const streams = [...this.#streams.values()];
    this.#calls.clear();
    this.#streams.clear();
    this.#held.clear();
    for (const stream of streams) {
      if (error !== undefined) this.#failures?.count("stream", error.code);
      this.#tellCancelled(stream, error);
    }
    this.#departure.tellClosed();
  }

  // What the streams ask for.

  sendDown(stream: SessionServerStream, message: unknown): void {
    this.#carrier.message(FrameType.down, stream.method.id, stream.id, stream.method.down, message);
  }

  /** To open streams of this session, of one method, that have credit. */
  sendDownToMany<Message>(streams: readonly SessionServerStream[], codec: Codec<Message>, message: Message): void {
    const method = (streams[0] as SessionServerStream).method.id;
    this.sendDownByIds(
      method,
      Uint32Array.from(streams, ({ id }) => id),
      codec,
      message,
    );
    for (const stream of streams) stream.useCredit();
  }

  /** The same by their ids; what that means for their credit is the caller's to count. */
  sendDownByIds<Message>(method: number, ids: Uint32Array, codec: Codec<Message>, message: Message): void {
    if (ids.length === 1) this.#carrier.message(FrameType.down, method, ids[0] as number, codec, message);
    else if (ids.length <= MANY_STREAMS_MAX) this.#carrier.many(method, ids, codec, message);
    else {
      for (let from = 0; from < ids.length; from += MANY_STREAMS_MAX) {
        this.sendDownByIds(method, ids.subarray(from, from + MANY_STREAMS_MAX), codec, message);
      }
    }
  }

  finish(stream: SessionServerStream, error: ServiceError | undefined): void {
    this.#letGo(stream);
    if (this.#departure.isClosed) return;
    if (error !== undefined) this.#failures?.count("stream", error.code);
    if (error === undefined) this.#carrier.signal(FrameType.end, stream.id);
    else this.#sendError(stream.id, error);
  }

  hold(stream: SessionServerStream): void {
    this.#held.add(stream);
  }

  // Calls.

  #request(method: number, id: number, body: Reader, isOwned: boolean): void {
    this.#requireNew(id);
    const served = this.#services.unaryOf(method);
    const refusal = this.#refusal(method, served);
    if (served === undefined || refusal !== undefined) {
      this.#answerError("call", id, refusal as ServiceError);
      return;
    }
    const call = new ServedCall(this.peer, this.#clock.monotonicMs() + this.#deadlineMs(body));
    let answer: unknown;
    try {
      answer = served.handler(ownedMessage(served.method.request, body, isOwned), call);
    } catch (thrown) {
      this.#fail(id, served, thrown);
      return;
    }
    if (!isPromise(answer)) {
      this.#answer(id, served, answer);
      return;
    }
    // Only what outlives this frame can be cancelled, or meet another call of its id.
    this.#calls.set(id, call);
    answer.then(
      (response) => {
        if (this.#calls.delete(id)) this.#answer(id, served, response);
      },
      (thrown: unknown) => this.#fail(id, served, thrown, this.#calls.delete(id)),
    );
  }

  #answer(id: number, served: ServedUnary, response: unknown): void {
    if (this.#departure.isClosed) return;
    try {
      this.#carrier.message(FrameType.response, served.method.id, id, served.method.response, response);
    } catch (thrown) {
      // The response was refused by its own codec: the caller did nothing wrong, unless it asked for too much.
      const error = ServiceError.from(thrown);
      this.#logger.error({ method: served.method.name, error: thrown }, "a response could not be encoded");
      this.#answerError(
        "call",
        id,
        error.code === "limit_exceeded" ? error : new ServiceError("internal", "internal error", { cause: error }),
      );
    }
  }

  /** @param isAwaited whether the caller still waits for an answer. */
  #fail(id: number, served: ServedUnary, thrown: unknown, isAwaited = true): void {
    const error = ServiceError.from(thrown);
    if (error.code === "internal") {
      this.#logger.error(
        { method: served.method.name, peer: this.peer.nodeId, error: thrown },
        "a call's handler threw",
      );
    }
    if (isAwaited) this.#answerError("call", id, error);
  }

  // Streams.

  #open(method: number, id: number, body: Reader, isOwned: boolean): void {
    this.#requireNew(id);
    const served = this.#services.streamOf(method);
    const refusal = this.#refusal(method, served);
    if (served === undefined || refusal !== undefined) {
      this.#answerError("stream", id, refusal as ServiceError);
      return;
    }
    const deadlineAt = this.#clock.monotonicMs() + this.#deadlineMs(body);
    const credit = body.view.getUint32(body.position - 4, true);
    const stream = new SessionServerStream(this, id, served.method, credit);
    this.#streams.set(id, stream);
    try {
      const request = ownedMessage(served.method.open, body, isOwned);
      stream.serveWith(served.handler(request, stream, new ServedCall(this.peer, deadlineAt)));
    } catch (thrown) {
      this.#logThrown(served.method.name, thrown);
      stream.end(ServiceError.from(thrown));
      return;
    }
    if (stream.isCancelled) this.#tellCancelled(stream, stream.cause);
    else if (stream.isOpen) this.#carrier.signal(FrameType.opened, id);
  }

  #up(stream: SessionServerStream | undefined, body: Reader): void {
    if (stream === undefined) return;
    let message: unknown;
    try {
      message = stream.method.up.decode(body);
    } catch (thrown) {
      this.#cut(stream, ServiceError.from(thrown));
      return;
    }
    try {
      stream.handlers.message?.(message);
    } catch (thrown) {
      this.#handlerThrew(stream, thrown);
    }
  }

  #cancel(id: number): void {
    this.#carrier.forget(id);
    const call = this.#calls.get(id);
    if (call !== undefined) {
      call.isCancelled = true;
      this.#calls.delete(id);
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#letGo(stream);
    this.#tellCancelled(stream, undefined);
  }

  #tellCredit(stream: SessionServerStream): void {
    try {
      stream.handlers.credit?.();
    } catch (thrown) {
      this.#handlerThrew(stream, thrown);
    }
  }

  /** What a handler of a stream throws ends the stream. */
  #handlerThrew(stream: SessionServerStream, thrown: unknown): void {
    this.#logThrown(stream.method.name, thrown);
    this.#cut(stream, ServiceError.from(thrown));
  }

  #cut(stream: SessionServerStream, error: ServiceError): void {
    if (!stream.isOpen) return;
    this.finish(stream, error);
    this.#tellCancelled(stream, error);
  }

  #letGo(stream: SessionServerStream): void {
    stream.close();
    this.#streams.delete(stream.id);
    this.#held.delete(stream);
  }

  /** Also for one whose handler has not returned yet: then there is nobody to tell, and it is told after that. */
  #tellCancelled(stream: SessionServerStream, error: ServiceError | undefined): void {
    stream.close();
    stream.isCancelled = true;
    stream.cause = error;
    try {
      stream.handlers.cancelled?.(error);
    } catch (thrown) {
      this.#logThrown(stream.method.name, thrown);
    }
  }

  // Both.

  #refusal(method: number, served: object | undefined): ServiceError | undefined {
    if (served === undefined) return new ServiceError("unsupported", `method ${method} is not served here`);
    if (this.#carrier.isFull || this.inFlight >= this.#inFlightMax) {
      return this.#overloaded;
    }
    return undefined;
  }

  #requireNew(id: number): void {
    if (id > this.#idHighest) this.#idHighest = id;
    else if (this.isLive(id)) throw new ServiceError("invalid_argument", `stream ${id} is in use`);
  }

  #deadlineMs(body: Reader): number {
    return body.view.getUint32(takeCallHeader(body), true);
  }

  #answerError(what: Failing, id: number, error: ServiceError): void {
    if (this.#departure.isClosed) return;
    this.#failures?.count(what, error.code);
    this.#sendError(id, error);
  }

  #sendError(id: number, error: ServiceError): void {
    this.#carrier.message(FrameType.error, 0, id, ErrorBodyCodec, bodyOfError(error));
  }

  #logThrown(method: string, thrown: unknown): void {
    const error = ServiceError.from(thrown);
    if (error.code !== "internal") return;
    this.#logger.error({ method, peer: this.peer.nodeId, error: thrown }, "a stream's handler threw");
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
