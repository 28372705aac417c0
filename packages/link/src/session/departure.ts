import type { Clock, ServiceError, Timer } from "@tidewire/foundation";
import type { Carrier } from "./carrier.ts";

/** How a connection comes to its end: go-away, a time of grace, closed. Shared by both sides. */
export class Departure {
  readonly #clock: Clock;
  readonly #carrier: Carrier;
  readonly #goAwayListeners: (() => void)[] = [];
  readonly #closeListeners: ((error: ServiceError | undefined) => void)[] = [];
  #isLeaving = false;
  #end: { readonly error: ServiceError | undefined } | undefined;
  #graceTimer: Timer | undefined;

  constructor(clock: Clock, carrier: Carrier) {
    this.#clock = clock;
    this.#carrier = carrier;
  }

  /** Go-away was said, by either side, or it is closed. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  onGoAway(listener: () => void): void {
    this.#goAwayListeners.push(listener);
  }

  onClose(listener: (error: ServiceError | undefined) => void): void {
    if (this.#end === undefined) this.#closeListeners.push(listener);
    else listener(this.#end.error);
  }

  /** The next one must not start here. False if that was known. */
  leave(): boolean {
    if (this.#isLeaving) return false;
    this.#isLeaving = true;
    for (const listener of this.#goAwayListeners) listener();
    return true;
  }

  /** Says go-away, unless that was said, and shuts the carrier when the grace is over. Resolves when closed. */
  leaveWithin(graceMs: number): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    const isClosed = new Promise<void>((resolve) => this.#closeListeners.push(() => resolve()));
    if (!this.#isLeaving) this.#carrier.goAway(graceMs);
    this.leave();
    this.#graceTimer?.cancel();
    if (graceMs <= 0) this.#carrier.shut();
    else if (!this.isClosed) this.#graceTimer = this.#clock.after(graceMs, () => this.#carrier.shut());
    return isClosed;
  }

  /** The carrier is gone. False if that was known. */
  close(error: ServiceError | undefined): boolean {
    if (this.#end !== undefined) return false;
    this.#end = { error };
    this.#isLeaving = true;
    this.#graceTimer?.cancel();
    return true;
  }

  tellClosed(): void {
    for (const listener of this.#closeListeners) listener(this.#end?.error);
  }
}
