import { type Clock, PacedBucket } from "@tidewire/foundation";

export interface PaceOptions {
  /** Bytes a second that are always allowed, and the most ever. */
  readonly floorBytes: number;
  readonly capBytes: number;
}

/** What an idle background may write at once before it is slowed down. */
const BURST_BYTES = 4 * 1024 * 1024;
/** Weight of the newest flush in the running mean. */
const FLUSH_WEIGHT = 0.1;
/** By how much a flush may be slower than an undisturbed one before the background yields. */
const SLOW_FACTOR = 2;
/** The undisturbed time follows upwards slowly, because disks age and loads change. */
const BASELINE_RISE = 1.0005;

/**
 * A token bucket for background writes, so that they never delay an append: twice what the appends themselves write,
 * within bounds, and half of that while flushes are slower than undisturbed ones (research/storage.md 3.6 and 4.4).
 */
export class Pace {
  readonly #clock: Clock;
  readonly #options: PaceOptions;
  readonly #bucket: PacedBucket;
  /** Running mean. */
  #flushMs: number | undefined;
  #undisturbedMs = Number.POSITIVE_INFINITY;
  #appendRate = 0;
  #appendedBytes = 0;
  #appendedSince: number;

  constructor(clock: Clock, options: PaceOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#bucket = new PacedBucket(clock);
    this.#appendedSince = clock.monotonicMs();
  }

  /** Bytes a second the background may write now. */
  get rateBytes(): number {
    const { floorBytes, capBytes } = this.#options;
    const rate = Math.min(capBytes, Math.max(floorBytes, 2 * this.#appendRate));
    return (this.#flushMs ?? 0) > SLOW_FACTOR * this.#undisturbedMs ? rate / 2 : rate;
  }

  /** One batch of appends was flushed. */
  flushed(bytes: number, durationMs: number): void {
    this.#flushMs =
      this.#flushMs === undefined ? durationMs : this.#flushMs + FLUSH_WEIGHT * (durationMs - this.#flushMs);
    this.#undisturbedMs = Math.min(this.#undisturbedMs * BASELINE_RISE, this.#flushMs);
    this.#appendedBytes += bytes;
    const now = this.#clock.monotonicMs();
    const elapsedMs = now - this.#appendedSince;
    if (elapsedMs < 1_000) return;
    this.#appendRate = (this.#appendedBytes / elapsedMs) * 1_000;
    this.#appendedBytes = 0;
    this.#appendedSince = now;
  }

  /** Resolves when this many bytes may be written. */
  take(bytes: number): Promise<void> {
    return this.#bucket.take(bytes, { perSecond: this.rateBytes, burst: BURST_BYTES });
  }

  /** Lets everyone go who waits, and nobody wait any more: the store is closing. */
  stop(): void {
    this.#bucket.stop();
  }
}
