import { BoundedQueue } from "@tidewire/foundation";

/** At most so many at one time; the rest wait in a bounded line. */
export class ReadGate {
  readonly #concurrency: number;
  readonly #waiting: BoundedQueue<() => void>;
  #running = 0;
  #idle: (() => void) | undefined;

  constructor(options: { readonly concurrency: number; readonly waitingMax: number }) {
    this.#concurrency = options.concurrency;
    this.#waiting = new BoundedQueue("reads of the log", options.waitingMax);
  }

  /** Throws `overloaded` when the line is full. */
  async run<Result>(read: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#concurrency) this.#running++;
    else await this.#turn();
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
      if (this.#running === 0) this.#idle?.();
    }
  }

  /** Resolves when nothing is being read and nobody waits. */
  async drained(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
