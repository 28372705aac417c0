import type { ServiceError } from "@tidewire/foundation";
import type { UnaryMethod } from "@tidewire/wire";
import type { LinkConnection } from "../link.ts";
import { LinkError } from "../link-error.ts";
import type { Waiter } from "./waiting-room.ts";

export interface PeerCallEnds {
  resolve(response: unknown): void;
  reject(error: ServiceError): void;
  /** The link failed under the call; it may be sent again. */
  retry(call: PeerCall, error: LinkError): void;
  waitedTooLong(call: PeerCall): void;
}

/** One call over however many attempts its retry class and deadline allow. */
export class PeerCall implements Waiter {
  /** When it stops waiting for a connection. */
  readonly deadlineAt: number;
  /** When its caller gives up. */
  readonly callDeadlineAt: number;
  readonly method: UnaryMethod<unknown, unknown>;
  queueIndex = -1;
  attempts = 0;
  readonly #request: unknown;
  readonly #now: () => number;
  readonly #ends: PeerCallEnds;

  constructor(
    method: UnaryMethod<unknown, unknown>,
    request: unknown,
    times: { readonly waitUntil: number; readonly callDeadlineAt: number; readonly now: () => number },
    ends: PeerCallEnds,
  ) {
    this.method = method;
    this.#request = request;
    this.deadlineAt = times.waitUntil;
    this.callDeadlineAt = times.callDeadlineAt;
    this.#now = times.now;
    this.#ends = ends;
  }

  start(connection: LinkConnection): void {
    this.attempts++;
    connection.call(this.method, this.#request, { deadlineMs: this.callDeadlineAt - this.#now() }).then(
      (response) => this.#ends.resolve(response),
      (error: ServiceError) => {
        if (this.#mayRetry(error)) this.#ends.retry(this, error);
        else this.fail(error);
      },
    );
  }

  fail(error: ServiceError): void {
    this.#ends.reject(error);
  }

  expire(): void {
    this.#ends.waitedTooLong(this);
  }

  #mayRetry(error: ServiceError): error is LinkError {
    if (!(error instanceof LinkError) || error.code !== "unavailable") return false;
    const { retry } = this.method;
    return retry === "safe" || (retry === "unsent" && !error.isSent);
  }
}
