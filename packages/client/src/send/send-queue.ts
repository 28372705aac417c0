import type { Clock, Random } from "@tidewire/foundation";
import type { JsonValue } from "@tidewire/protocol-client";
import type { Session } from "../session/session.ts";
import type { SessionSource } from "../session/session-source.ts";
import { TidewireError } from "../tidewire-error.ts";
import { utf8Length } from "../utf8-length.ts";
import { type CallInit, PendingCall } from "./pending-call.ts";

export interface SendQueueOptions {
  /** Calls without an answer yet, on their way or waiting for a connection. */
  readonly pendingCallsMax: number;
  /** Their parameters together, in UTF-16 units. */
  readonly pendingCallsMaxLength: number;
}

/** Requests the client keeps free for its own: heartbeats, ends of streams, view state. */
const REQUESTS_RESERVED = 32;
/** The envelope around the parameters: id and method. */
const ENVELOPE_MAX_BYTES = 64;

/**
 * Calls in the order they were made, over any number of sessions. Each carries its marker from the start, so that sending
 * it again on the next session cannot make it happen twice. They are sent without waiting for one another; a session that
 * takes over waits for the answers of the one before, so that the order holds.
 */
export class SendQueue {
  readonly #modules: { readonly clock: Clock; readonly random: Random; readonly connection: SessionSource };
  readonly #options: SendQueueOptions;
  /** Not on any session, oldest first. */
  #waiting: PendingCall[] = [];
  readonly #pending = new Set<PendingCall>();
  readonly #inFlight = new Map<Session, Set<PendingCall>>();
  #length = 0;
  #order = 0;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly connection: SessionSource },
    options: SendQueueOptions,
  ) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Rejects with the server's answer, or `overloaded`, `unavailable` (nothing was sent) or `timeout` (unknown outcome). */
  call(init: CallInit): Promise<JsonValue> {
    const { closeError } = this.#modules.connection;
    if (closeError !== undefined) return Promise.reject(closeError);
    const { pendingCallsMax, pendingCallsMaxLength } = this.#options;
    if (this.#pending.size >= pendingCallsMax || this.#length + init.parameters.length > pendingCallsMaxLength) {
      const details = { pending: this.#pending.size, max: pendingCallsMax };
      return Promise.reject(new TidewireError("overloaded", "too many calls are waiting", { details }));
    }
    const call = new PendingCall(this.#modules, init, this.#order++, (settled) => this.#forget(settled));
    this.#pending.add(call);
    this.#length += call.bytes;
    this.#waiting.push(call);
    this.#modules.connection.start();
    this.flush();
    return call.promise;
  }

  /** Sends what may be sent. To be called when a session took over. */
  flush(): void {
    const { session } = this.#modules.connection;
    if (session?.isOpen !== true || this.#isBusyElsewhere(session)) return;
    const inFlightMax = Math.max(1, session.welcome.limits.requestsMax - REQUESTS_RESERVED);
    while (this.#waiting.length > 0 && (this.#inFlight.get(session)?.size ?? 0) < inFlightMax && session.isOpen) {
      this.#send(this.#waiting.shift()!, session);
    }
  }

  /** Nothing will be sent any more. */
  close(error: TidewireError): void {
    for (const call of this.#pending) call.fail(error);
  }

  #send(call: PendingCall, session: Session): void {
    const { frameMaxBytes } = session.welcome.limits;
    if (utf8Length(call.parameters) > frameMaxBytes - ENVELOPE_MAX_BYTES) {
      const details = { limit: "frameMaxBytes", max: frameMaxBytes };
      return call.fail(new TidewireError("limit_exceeded", "the argument is too large", { details }));
    }
    if (!call.mayBeSentAs(session.welcome.principal)) return;
    call.session = session;
    const calls = this.#inFlight.get(session) ?? new Set();
    this.#inFlight.set(session, calls.add(call));
    session.request(call.method, call.parameters, {
      onResult: (result) => {
        this.#land(call, session);
        call.succeed(result);
        this.flush();
      },
      onError: (error) => {
        this.#land(call, session);
        this.#failed(call, error);
        this.flush();
      },
      onLost: () => {
        this.#land(call, session);
        this.#wait(call);
      },
    });
  }

  #failed(call: PendingCall, error: TidewireError): void {
    if (call.isSettled) return;
    if (error.code === "token_expired" || error.code === "unauthenticated")
      return void this.#renewThenRetry(call, error);
    const delayMs = call.retryDelayMs(error);
    if (delayMs === undefined) return call.fail(error);
    this.#waitAfter(call, delayMs);
  }

  async #renewThenRetry(call: PendingCall, error: TidewireError): Promise<void> {
    // The server said no before anything happened: whoever the next token names may do it.
    const delayMs = call.retryDelayMs(new TidewireError("unavailable", error.message)) ?? 0;
    try {
      await this.#modules.connection.renewToken();
    } catch (failure) {
      // When it is only not connected any more, the next session starts with a new token anyway.
      if (!TidewireError.from(failure).retryable) return call.fail(error);
    }
    this.#waitAfter(call, delayMs);
  }

  #waitAfter(call: PendingCall, delayMs: number): void {
    if (!call.isSettled) call.retryTimer = this.#modules.clock.after(delayMs, () => this.#wait(call));
  }

  /** Back to its place in the order. */
  #wait(call: PendingCall): void {
    if (call.isSettled) return;
    const at = this.#waiting.findIndex((other) => other.order > call.order);
    this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, call);
    this.flush();
  }

  #land(call: PendingCall, session: Session): void {
    call.session = undefined;
    const calls = this.#inFlight.get(session);
    calls?.delete(call);
    if (calls?.size === 0) this.#inFlight.delete(session);
  }

  #forget(call: PendingCall): void {
    this.#pending.delete(call);
    this.#length -= call.bytes;
    if (call.session !== undefined) this.#land(call, call.session);
    else this.#waiting = this.#waiting.filter((other) => other !== call);
  }

  #isBusyElsewhere(session: Session): boolean {
    return [...this.#inFlight.keys()].some((other) => other !== session);
  }
}
