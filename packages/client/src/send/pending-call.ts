import { Backoff, type Clock, type Principal, type Random, samePrincipal, type Timer } from "@tidewire/foundation";
import { type JsonValue, methodRegistry } from "@tidewire/protocol-client";
import type { Session } from "../session/session.ts";
import { TidewireError } from "../tidewire-error.ts";

export type CallMethod = "document/create" | "document/get" | "document/delete" | "message/send";

export interface CallInit {
  readonly method: CallMethod;
  /** A JSON object as text, the marker included where the method takes one. */
  readonly parameters: string;
  readonly timeoutMs: number;
}

/** Pauses between tries the server asked for grow up to this, if its own advice is shorter. */
const RETRY_CAP_MS = 5_000;

/** One request of the user on its way to an answer, over as many tries and sessions as it takes. */
export class PendingCall {
  readonly method: CallMethod;
  readonly parameters: string;
  readonly bytes: number;
  /** Place in the order of calls. */
  readonly order: number;
  readonly promise: Promise<JsonValue>;
  /** The session that carries it now. */
  session: Session | undefined;
  retryTimer: Timer | undefined;
  readonly #deadline: Timer;
  readonly #backoff: Backoff;
  readonly #onSettled: (call: PendingCall) => void;
  #resolve!: (value: JsonValue) => void;
  #reject!: (error: TidewireError) => void;
  #isSettled = false;
  /** As whom it was last sent: if set, it may have had its effect. */
  #sentAs: Principal | undefined;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random },
    init: CallInit,
    order: number,
    onSettled: (call: PendingCall) => void,
  ) {
    this.method = init.method;
    this.parameters = init.parameters;
    this.bytes = init.parameters.length;
    this.order = order;
    this.#onSettled = onSettled;
    this.#backoff = new Backoff(modules.random, { initialMs: 100, factor: 2, capMs: RETRY_CAP_MS, spread: 0.5 });
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadline = modules.clock.after(init.timeoutMs, () => this.#expire());
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * Whether it may be sent to `principal` now; settles it otherwise. A marker is remembered for one principal: as another
   * one, an anonymous client's next incarnation for example, the same send could happen twice. Deleting has no marker.
   */
  mayBeSentAs(principal: Principal): boolean {
    const sentAs = this.#sentAs;
    if (sentAs !== undefined) {
      const isRepeatable = methodRegistry[this.method].retry !== "unsent";
      const isSame = methodRegistry[this.method].retry !== "marker" || samePrincipal(sentAs, principal);
      if (!isRepeatable || !isSame) {
        this.fail(unknownOutcome("the connection was lost before the answer came"));
        return false;
      }
    }
    this.#sentAs = principal;
    return true;
  }

  /** The pause before another try after `error`; `undefined` if the error is the answer. */
  retryDelayMs(error: TidewireError): number | undefined {
    if (!error.retryable || methodRegistry[this.method].retry === "unsent") return undefined;
    return Math.max(error.retryAfterMs ?? 0, this.#backoff.nextDelayMs());
  }

  succeed(value: JsonValue): void {
    if (this.#settle()) this.#resolve(value);
  }

  fail(error: TidewireError): void {
    if (this.#settle()) this.#reject(error);
  }

  #expire(): void {
    const isUnsent = this.#sentAs === undefined;
    this.fail(
      isUnsent
        ? new TidewireError("unavailable", "not connected in time; nothing was sent")
        : unknownOutcome("no answer in time"),
    );
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#deadline.cancel();
    this.retryTimer?.cancel();
    this.#onSettled(this);
    return true;
  }
}

function unknownOutcome(message: string): TidewireError {
  return new TidewireError("timeout", `${message}; the request may or may not have taken effect`);
}
