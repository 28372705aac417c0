import { type Clock, type Random, ServiceError } from "@tidewire/foundation";
import type { EdgeMetrics } from "../metrics.ts";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** What costs enough to be rationed: a TLS session, a signature to check, a whole view to compute and send. */
export type AdmissionKind = "session" | "authentication" | "snapshot";

export type AdmissionOptions = Readonly<Record<AdmissionKind, TokenBucketOptions>> & {
  /** Event-loop delay at which rates begin to fall: at twice of it they are halved. */
  readonly loopDelayTargetMs: number;
};

/**
 * Above what one core serves, so that on a healthy machine it is the event loop's delay that decides; the rates bound
 * the burst before that delay is seen. Measured: connect and upgrade cost 0.1 ms, with TLS 0.45 ms, a signature 0.1 ms.
 */
export const defaultAdmission: AdmissionOptions = {
  session: { perSecond: 5_000, burst: 10_000 },
  authentication: { perSecond: 10_000, burst: 20_000 },
  snapshot: { perSecond: 5_000, burst: 10_000 },
  loopDelayTargetMs: 50,
};

/**
 * Keeps newcomers from starving those who are live. What is over the rate is refused with `overloaded` and a time to come
 * back that is spread over what the queue would need.
 */
export class Admission {
  readonly #buckets: Readonly<Record<AdmissionKind, TokenBucket>>;
  readonly #metrics: EdgeMetrics;
  readonly #loopDelayTargetMs: number;
  #slowdown = 1;
  #isDraining = false;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly metrics: EdgeMetrics },
    options: AdmissionOptions = defaultAdmission,
  ) {
    this.#buckets = {
      session: new TokenBucket(modules, options.session),
      authentication: new TokenBucket(modules, options.authentication),
      snapshot: new TokenBucket(modules, options.snapshot),
    };
    this.#metrics = modules.metrics;
    this.#loopDelayTargetMs = options.loopDelayTargetMs;
  }

  /** What the event loop of this process is late by; the rates follow it. */
  observeLoopDelay(delayMs: number): void {
    this.#slowdown = Math.max(1, delayMs / this.#loopDelayTargetMs);
  }

  /** From here on no new session is let in. */
  startDraining(): void {
    this.#isDraining = true;
  }

  /** Throws `overloaded`, or `draining` for new sessions of a leaving process. */
  admit(kind: AdmissionKind): void {
    if (this.#isDraining && kind === "session") throw new ServiceError("draining", "this edge is going away");
    const retryAfterMs = this.#buckets[kind].take(this.#slowdown);
    if (retryAfterMs === undefined) return;
    this.#metrics.refusals.add(1, { kind });
    throw new ServiceError("overloaded", `too many new ${kind}s just now`, { retryAfterMs });
  }
}
