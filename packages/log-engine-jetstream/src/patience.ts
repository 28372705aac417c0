import type { Clock } from "@tidewire/foundation";
import { faultOf } from "./nats-faults.ts";

const RETRY_MS = 100;

/** For the start: a cluster that starts, too, elects leaders and finds its peers before it can do what is asked. */
export class Patience {
  readonly #clock: Clock;
  readonly #deadline: number;

  constructor(clock: Clock, forMs: number) {
    this.#clock = clock;
    this.#deadline = clock.monotonicMs() + forMs;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const fault = faultOf(error);
        const isPassing = fault === "no_leader" || fault === "timeout";
        if (!isPassing || this.#clock.monotonicMs() >= this.#deadline) throw error;
      }
      await new Promise<void>((resolve) => {
        this.#clock.after(RETRY_MS, resolve);
      });
    }
  }
}
