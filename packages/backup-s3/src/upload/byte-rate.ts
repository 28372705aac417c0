import { type BucketRate, type Clock, PacedBucket } from "@tidewire/foundation";

/** What may be read at once after a pause. */
const BURST_MS = 250;

/** Bytes a second, so that a backup takes no more of disk and network than it was given. */
export class ByteRate {
  readonly #bucket: PacedBucket;
  readonly #rate: BucketRate;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#bucket = new PacedBucket(clock);
    this.#rate = { perSecond: bytesPerSecond, burst: (bytesPerSecond * BURST_MS) / 1_000 };
  }

  /** Resolves when this many bytes may be moved. */
  take(bytes: number): Promise<void> {
    return this.#bucket.take(bytes, this.#rate);
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#bucket.stop();
  }
}
