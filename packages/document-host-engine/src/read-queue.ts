import type { DocumentInstance } from "@tidewire/document";
import { ServiceError } from "@tidewire/foundation";

/** Work that needs the durable state and changes nothing in the log: a view, a viewer's new view state, a check. */
export interface DurableRead {
  readonly deadlineAt: number;
  /** Whether any durable copy will do, or only the one its viewer is attached to. */
  readonly isForAnyCopy: boolean;
  run(instance: DocumentInstance): unknown;
  resolve(value: unknown): void;
  reject(error: ServiceError): void;
}

export interface ReadOutcome {
  readonly read: DurableRead;
  readonly value?: unknown;
  readonly error?: ServiceError;
}

/** Reads that wait for a moment at which memory holds nothing but durable state. */
export class ReadQueue {
  readonly #capacity: number;
  #waiting: DurableRead[] = [];
  #staged: DurableRead[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#staged.length + this.#waiting.length;
  }

  get staged(): readonly DurableRead[] {
    return this.#staged;
  }

  /** Throws `overloaded` when full. */
  push(read: DurableRead): void {
    // Those staged count, too: they may be staged through many turns that have no durable state to read.
    if (this.length >= this.#capacity) {
      throw new ServiceError("overloaded", "too many reads of this document waiting", {
        details: { queued: this.length },
      });
    }
    this.#waiting.push(read);
  }

  stage(): void {
    if (this.#waiting.length > 0) this.#staged = [...this.#staged, ...this.#waiting];
    this.#waiting = [];
  }

  /** Hands out the results. */
  settle(outcomes: readonly ReadOutcome[]): void {
    if (outcomes.length === 0) return;
    const done = new Set(outcomes.map((outcome) => outcome.read));
    this.#staged = this.#staged.filter((read) => !done.has(read));
    for (const { read, value, error } of outcomes) {
      if (error === undefined) read.resolve(value);
      else read.reject(error);
    }
  }

  expire(now: number, error: () => ServiceError): void {
    if (this.length === 0) return;
    this.stage();
    const late = this.#staged.filter((read) => read.deadlineAt <= now);
    this.#staged = this.#staged.filter((read) => read.deadlineAt > now);
    for (const read of late) read.reject(error());
  }

  failAll(error: () => ServiceError): void {
    const reads = [...this.#staged, ...this.#waiting];
    this.#waiting = [];
    this.#staged = [];
    for (const read of reads) read.reject(error());
  }
}
