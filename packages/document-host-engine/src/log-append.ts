import {
  Backoff,
  type BackoffOptions,
  type Clock,
  type DocumentName,
  type Random,
  ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { LogAppend, LogEngine } from "@tidewire/log-engine";

export type AppendOutcome =
  | { readonly kind: "durable" }
  /** Somebody else owns the document now. `isCertain`: the append did not happen; else an earlier attempt may have. */
  | { readonly kind: "fenced"; readonly isCertain: boolean }
  /** The log will not take these bytes, ever; nothing was written. */
  | { readonly kind: "refused"; readonly error: ServiceError }
  | { readonly kind: "abandoned" };

export interface LogModules {
  readonly log: LogEngine;
  readonly clock: Clock;
  readonly random: Random;
}

/** The caller's fault by definition, so repeating the same bytes is useless. Everything else may be an outage. */
const FINAL_CODES = new Set(["invalid_argument", "limit_exceeded", "unsupported", "forbidden", "unauthenticated"]);

/**
 * One append, repeated byte for byte until the log says what became of it: an engine recognises what it has committed, so
 * an answer that was lost, or a log that was restarted, costs nothing but time.
 */
export class LogAppendAttempt {
  readonly #modules: LogModules;
  readonly #document: DocumentName;
  readonly #append: LogAppend;
  readonly #backoff: Backoff;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #isAbandoned = false;
  #attempts = 0;

  constructor(modules: LogModules, document: DocumentName, append: LogAppend, backoff: BackoffOptions) {
    this.#modules = modules;
    this.#document = document;
    this.#append = append;
    this.#backoff = new Backoff(modules.random, backoff);
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Never rejects. */
  async run(): Promise<AppendOutcome> {
    let mayHaveHappened = false;
    while (!this.#isAbandoned) {
      this.#attempts++;
      try {
        await this.#modules.log.append(this.#document, this.#append);
        return { kind: "durable" };
      } catch (thrown) {
        const error = ServiceError.from(thrown);
        if (error.code === "fenced") return { kind: "fenced", isCertain: !mayHaveHappened };
        if (FINAL_CODES.has(error.code) && !mayHaveHappened) return { kind: "refused", error };
        mayHaveHappened = true;
      }
      if (!this.#isAbandoned) await this.#pause();
    }
    return { kind: "abandoned" };
  }

  /** Stops repeating; an attempt under way is not waited for. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#timer?.cancel();
    this.#wake?.();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#modules.clock.after(this.#backoff.nextDelayMs(), resolve);
    });
  }
}
