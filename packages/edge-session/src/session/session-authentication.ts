import { type Clock, ServiceError, type Timer } from "@tidewire/foundation";
import type { UpFrame } from "@tidewire/protocol-client";
import type { Admission } from "../admission/admission.ts";
import type { Authentication, Authenticator } from "../auth/authenticator.ts";
import { ANONYMOUS_AUTHORITY } from "../auth/dev-authenticator.ts";
import type { EdgeMetrics } from "../metrics.ts";
import type { SessionIdentity } from "./session-identity.ts";

export interface AuthenticationModules {
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly metrics: EdgeMetrics;
}

export interface AuthenticationOptions {
  /** Frames that may wait while a token is judged. */
  readonly waitingMax: number;
  /** How long a session may be nobody's. */
  readonly authenticateMs: number;
  readonly dispatch: (frame: AnswerableFrame) => void;
  /** Nobody said who the client is in time. */
  readonly onLate: () => void;
}

/** A frame that is to be answered, not an ack and not a fault. */
export type AnswerableFrame = Extract<UpFrame, { readonly kind: "request" | "refused" }>;

/**
 * Judges the tokens of one session. While the first one is being judged, the frames behind it wait, so that a client may
 * send its first requests without waiting for the answer. Heartbeats keep a session alive before that, too, so the time
 * for it is bounded.
 */
export class SessionAuthentication {
  readonly #modules: AuthenticationModules;
  readonly #identity: SessionIdentity;
  readonly #dispatch: (frame: AnswerableFrame) => void;
  readonly #waitingMax: number;
  readonly #lateTimer: Timer | undefined;
  #waiting: AnswerableFrame[] = [];
  #isJudging = false;

  constructor(modules: AuthenticationModules, identity: SessionIdentity, options: AuthenticationOptions) {
    this.#modules = modules;
    this.#identity = identity;
    this.#waitingMax = options.waitingMax;
    this.#dispatch = options.dispatch;
    if (identity.authentication === undefined) {
      this.#lateTimer = modules.clock.after(options.authenticateMs, options.onLate);
    }
  }

  /** Whether frames have to wait. */
  get isJudging(): boolean {
    return this.#isJudging;
  }

  /** Throws `limit_exceeded`. */
  wait(frame: AnswerableFrame): void {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new ServiceError("limit_exceeded", "too many requests wait for the token to be judged", {
        details: { limit: "requestsMax" },
      });
    }
    this.#waiting.push(frame);
  }

  /** Throws at once if there is no place for another attempt; rejects when the token is refused. */
  authenticate(token: string | undefined): Promise<Authentication> {
    const { admission, metrics } = this.#modules;
    admission.admit("authentication");
    const decidesPrincipal = this.#identity.isOpen;
    this.#isJudging = decidesPrincipal;
    return this.#judge(token).then(
      (authentication) => {
        metrics.authentications.add(1, { outcome: "ok" });
        if (decidesPrincipal) this.#isJudging = false;
        this.#identity.accept(authentication);
        this.#lateTimer?.cancel();
        return authentication;
      },
      (thrown: unknown) => {
        const error = ServiceError.from(thrown);
        metrics.authentications.add(1, { outcome: error.code });
        if (decidesPrincipal) this.#isJudging = false;
        throw error;
      },
    );
  }

  /** Lets the frames that waited go on. One of them may be the next attempt; the rest then waits again. */
  release(): void {
    while (!this.#isJudging) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.#dispatch(frame);
    }
  }

  close(): void {
    this.#waiting = [];
    this.#lateTimer?.cancel();
  }

  /** No token renews an anonymous principal; any other question goes to the authenticator. */
  #judge(token: string | undefined): Promise<Authentication> {
    const current = this.#identity.authentication;
    return token === undefined && current?.principal.authority === ANONYMOUS_AUTHORITY
      ? Promise.resolve(current)
      : this.#modules.authenticator.authenticate(token);
  }
}
