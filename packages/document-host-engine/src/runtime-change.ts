import type { DocumentRuntime } from "@tidewire/document";
import type { ServiceError } from "@tidewire/foundation";

/** How a loaded document took new code: `undefined`, or why it goes on with the old. */
export type RuntimeOutcome = ServiceError | undefined;

/**
 * The code one loaded document runs, and its exchange: first the new code waits for a durable point, then the document is
 * read from the log under it, and if that fails once more under the old. The log is the same in between, because a
 * migration is written with the next commit.
 */
export class RuntimeChange {
  #current: DocumentRuntime;
  #next: DocumentRuntime | undefined;
  #previous: DocumentRuntime | undefined;
  #settle: ((outcome: RuntimeOutcome) => void)[] = [];

  constructor(runtime: DocumentRuntime) {
    this.#current = runtime;
  }

  get current(): DocumentRuntime {
    return this.#current;
  }

  /** New code waits for a durable point. */
  get isWaiting(): boolean {
    return this.#next !== undefined;
  }

  /** Resolves when the document runs the new code, or it is settled that it does not. */
  request(runtime: DocumentRuntime): Promise<RuntimeOutcome> {
    if (runtime === this.#current && this.#next === undefined) return Promise.resolve(undefined);
    this.#next = runtime;
    return new Promise((resolve) => this.#settle.push(resolve));
  }

  /** The durable point is here: the next opening is under the new code. */
  begin(): DocumentRuntime {
    this.#previous = this.#current;
    this.#current = this.#next ?? this.#current;
    this.#next = undefined;
    return this.#current;
  }

  succeeded(): void {
    this.#previous = undefined;
    if (this.#next === undefined) this.#settled(undefined);
  }

  /** Whether there is old code to go back to; the next opening is under it then. */
  failed(error: ServiceError): boolean {
    if (this.#previous === undefined) return false;
    this.#current = this.#previous;
    this.#previous = undefined;
    this.#settled(error);
    return true;
  }

  /** The document leaves: whoever opens it next does so under the new code. */
  ended(): void {
    this.#settled(undefined);
  }

  #settled(outcome: RuntimeOutcome): void {
    const waiting = this.#settle;
    this.#settle = [];
    for (const settle of waiting) settle(outcome);
  }
}
