import { ServiceError } from "@tidewire/foundation";
import type { JetStreamLogMetrics } from "./metrics.ts";

/** Bounds what waits for NATS, in bytes and in number. */
export class Admission {
  readonly #maxBytes: number;
  readonly #max: number;
  readonly #metrics: JetStreamLogMetrics;
  #bytes = 0;
  #count = 0;

  constructor(maxBytes: number, max: number, metrics: JetStreamLogMetrics) {
    this.#maxBytes = maxBytes;
    this.#max = max;
    this.#metrics = metrics;
  }

  /** Throws `overloaded` rather than let too much wait. One operation of any size is always let in. */
  async run<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    if (this.#count >= this.#max || (this.#count > 0 && this.#bytes + bytes > this.#maxBytes)) {
      this.#metrics.overloaded.add(1);
      throw new ServiceError("overloaded", "too many writes wait for NATS");
    }
    this.#count++;
    this.#bytes += bytes;
    this.#metrics.queuedBytes.set(this.#bytes);
    try {
      return await work();
    } finally {
      this.#count--;
      this.#bytes -= bytes;
      this.#metrics.queuedBytes.set(this.#bytes);
    }
  }
}
