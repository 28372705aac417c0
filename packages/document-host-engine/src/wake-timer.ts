import type { Clock, Timer } from "@tidewire/foundation";

/** The wall clock may be set while a timer waits, so a long wait is looked at again this often. */
const LOOK_AGAIN_MS = 60_000;

/** Calls back when a document's earliest durable timer is due by the wall clock. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #callback: () => void;
  #timer: Timer | undefined;
  #armedFor: number | undefined;
  /** Monotonic ms before which nothing is fired: the timer's handler was cut off or refused. */
  #notBefore = 0;

  constructor(clock: Clock, callback: () => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Timers may run now. */
  get isAllowed(): boolean {
    return this.#clock.monotonicMs() >= this.#notBefore;
  }

  /** @param wakeAt wall clock, ms; `undefined`: none is waiting */
  set(wakeAt: number | undefined): void {
    if (wakeAt === this.#armedFor && this.#timer !== undefined) return;
    this.cancel();
    this.#armedFor = wakeAt;
    if (wakeAt !== undefined) this.#arm(wakeAt);
  }

  postpone(delayMs: number): void {
    this.#notBefore = this.#clock.monotonicMs() + delayMs;
    const wakeAt = this.#armedFor;
    this.cancel();
    this.set(wakeAt);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = undefined;
  }

  #arm(wakeAt: number): void {
    const dueInMs = Math.max(wakeAt - this.#clock.wallMs(), this.#notBefore - this.#clock.monotonicMs(), 0);
    this.#timer = this.#clock.after(Math.min(dueInMs, LOOK_AGAIN_MS), () => {
      this.#timer = undefined;
      if (dueInMs > LOOK_AGAIN_MS) this.#arm(wakeAt);
      else this.#callback();
    });
  }
}
