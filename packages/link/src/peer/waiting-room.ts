import type { Clock, ServiceError } from "@tidewire/foundation";
import { DeadlineQueue, type Expiring } from "../deadline-queue.ts";
import type { LinkConnection } from "../link.ts";

/** A call or stream that cannot go out yet. */
export interface Waiter extends Expiring {
  start(connection: LinkConnection): void;
  fail(error: ServiceError): void;
}

/** What waits for a connection, in order of arrival, each until its own time is up. Bounded by the caller. */
export class WaitingRoom {
  readonly #deadlines: DeadlineQueue;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.#deadlines = new DeadlineQueue(clock);
  }

  get size(): number {
    return this.#waiters.size;
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    this.#deadlines.add(waiter);
  }

  /** False if it was not waiting any more. */
  remove(waiter: Waiter): boolean {
    this.#deadlines.remove(waiter);
    return this.#waiters.delete(waiter);
  }

  /** Takes out everything, oldest first. */
  drain(): Waiter[] {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    this.#deadlines.clear();
    return waiters;
  }
}
