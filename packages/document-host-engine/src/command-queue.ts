import { BoundedQueue, type ServiceError } from "@tidewire/foundation";
import type { PendingCommand } from "./pending-command.ts";

/**
 * The commands of one document that have not been run for good. The front is staged: a turn reads it by index and only
 * afterwards says how many it consumed, so that a turn that is cut off in the middle loses nothing.
 */
export class CommandQueue {
  readonly #waiting: BoundedQueue<PendingCommand>;
  #staged: PendingCommand[] = [];

  constructor(capacity: number) {
    this.#waiting = new BoundedQueue("commands of this document", capacity);
  }

  get length(): number {
    return this.#staged.length + this.#waiting.length;
  }

  /** What the next batch runs, in order. */
  get staged(): readonly PendingCommand[] {
    return this.#staged;
  }

  /** Throws `overloaded` when full. */
  push(pending: PendingCommand): void {
    this.#waiting.push(pending);
  }

  /** Moves up so that at least `count` are staged, if there are as many; what was answered meanwhile is dropped. */
  stage(count: number): void {
    if (this.#staged.some((pending) => pending.isSettled)) {
      this.#staged = this.#staged.filter((pending) => !pending.isSettled);
    }
    while (this.#staged.length < count) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (!next.isSettled) this.#staged.push(next);
    }
  }

  consumed(count: number): void {
    this.#staged = this.#staged.slice(count);
  }

  /** Commands of a batch that did not happen: they run again, before everything else. */
  putBack(pendings: readonly PendingCommand[]): void {
    this.#staged = [...pendings.filter((pending) => !pending.isSettled), ...this.#staged];
  }

  /** Fails one staged command and takes it out. */
  remove(pending: PendingCommand, error: ServiceError): void {
    pending.fail(error);
    this.#staged = this.#staged.filter((other) => other !== pending);
  }

  /** Fails those whose deadline has passed. None of them was run. */
  expire(now: number, error: () => ServiceError): void {
    for (const pending of this.#staged) if (pending.deadlineAt <= now) pending.fail(error());
    for (const pending of this.#waiting.drain()) {
      if (pending.deadlineAt <= now) pending.fail(error());
      else if (!pending.isSettled) this.#waiting.push(pending);
    }
  }

  failAll(error: () => ServiceError): void {
    for (const pending of [...this.#staged, ...this.#waiting.drain()]) pending.fail(error());
    this.#staged = [];
  }
}
