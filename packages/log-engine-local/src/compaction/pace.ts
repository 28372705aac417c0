import { type Clock, PacedBucket } from "@tidewire/foundation";

export interface PaceOptions {
  /** Bytes a second that are always allowed, and the most ever. */
  readonly floorBytes: number;
  readonly capBytes: number;
}

/**
 * The most that is written between two syncs: an append that comes while dirty pages are flushed waits for them. Two or
 * three times what a flush of appends takes, on a disk that writes a gigabyte a second.
 */
export const PIECE_BYTES = 256 * 1024;
/** What an idle background may write at once before it is slowed down. */
const BURST_BYTES = 4 * 1024 * 1024;
/** Weight of the newest flush in the running mean. */
const FLUSH_WEIGHT = 0.1;
/** By how much a flush may be slower than an undisturbed one before the background yields. */
const SLOW_FACTOR = 2;
/** The undisturbed time follows upwards slowly, because disks age and loads change. */
const BASELINE_RISE = 1.0005;

/** Pieces that are not full come no more often than full ones would at this share of the floor. */
const GATHERING_SHARE = 0.5;

/** Appends are coming as long as the last flush is not longer ago than this, or than a few flushes take. */
const ACTIVE_MS = 20;
const ACTIVE_FLUSHES = 4;
/** How much longer the background rests than its last piece took while flushes are slow, as far as its floor allows. */
const SLOW_REST_FACTOR = 4;
/** A piece that took very long on a disk that stalls, or a small floor, must not stop the background for as long each time. */
const PAUSE_MAX_MS = 250;

/**
 * Lets the background write without delaying an append. By bytes: a token bucket of twice what the appends themselves
 * write, within bounds, and half of that while flushes are slower than undisturbed ones (research/storage.md 3.6 and 4.4).
 * And by time, whatever the bytes: one piece of work on the disk at any moment, and after it a rest as long as it took,
 * in which the disk belongs to the appends that have come meanwhile. Without appends there is no rest.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #options: PaceOptions;
  readonly #bucket: PacedBucket;
  #last: Promise<unknown> = Promise.resolve();
  /** Monotonic ms: the rest after the last piece is over then. */
  #restUntil = Number.NEGATIVE_INFINITY;
  #endRest: (() => void) | undefined;
  #isStopped = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
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
    return this.#isSlow ? rate / 2 : rate;
  }

  /** One batch of appends was flushed. */
  flushed(bytes: number, durationMs: number): void {
    this.#flushMs =
      this.#flushMs === undefined ? durationMs : this.#flushMs + FLUSH_WEIGHT * (durationMs - this.#flushMs);
    this.#undisturbedMs = Math.min(this.#undisturbedMs * BASELINE_RISE, this.#flushMs);
    this.#appendedBytes += bytes;
    const now = this.#clock.monotonicMs();
    this.#flushedAt = now;
    const elapsedMs = now - this.#appendedSince;
    if (elapsedMs < 1_000) return;
    this.#appendRate = (this.#appendedBytes / elapsedMs) * 1_000;
    this.#appendedBytes = 0;
    this.#appendedSince = now;
  }

  /**
   * How long a piece may wait for more to share its sync, ms: a sync costs the appends that come meanwhile about the same,
   * whether little or much is behind it. Nothing without appends.
   */
  get gatherMs(): number {
    if (this.#isStopped || !this.#hasAppends) return 0;
    return Math.min(PAUSE_MAX_MS, (PIECE_BYTES / (this.#options.floorBytes * GATHERING_SHARE)) * 1_000);
  }

  /** Resolves when this many bytes may be written. */
  take(bytes: number): Promise<void> {
    return this.#bucket.take(bytes, { perSecond: this.rateBytes, burst: BURST_BYTES });
  }

  /** Does a piece of work on the disk that writes so many bytes, when it is its turn. A piece must not contain another. */
  run<Result>(bytes: number, piece: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(() => this.#runNow(bytes, piece));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Lets everyone go who waits, and nobody wait any more: the store is closing. */
  stop(): void {
    this.#isStopped = true;
    this.#bucket.stop();
    this.#endRest?.();
  }

  get #isSlow(): boolean {
    return (this.#flushMs ?? 0) > SLOW_FACTOR * this.#undisturbedMs;
  }

  get #hasAppends(): boolean {
    const activeMs = Math.max(ACTIVE_MS, ACTIVE_FLUSHES * (this.#flushMs ?? 0));
    return this.#clock.monotonicMs() - this.#flushedAt <= activeMs;
  }

  async #runNow<Result>(bytes: number, piece: () => Promise<Result>): Promise<Result> {
    await this.take(bytes);
    if (this.#hasAppends) await this.#pause(this.#restUntil - this.#clock.monotonicMs());
    const startedAt = this.#clock.monotonicMs();
    try {
      return await piece();
    } finally {
      const endedAt = this.#clock.monotonicMs();
      this.#restUntil = endedAt + Math.min(PAUSE_MAX_MS, this.#restMs(bytes, endedAt - startedAt));
    }
  }

  #restMs(bytes: number, tookMs: number): number {
    if (!this.#isSlow) return tookMs;
    const floorMs = (bytes / this.#options.floorBytes) * 1_000;
    return Math.max(tookMs, Math.min(SLOW_REST_FACTOR * tookMs, floorMs - tookMs));
  }

  /** At most one at any time. */
  async #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(ms, resolve);
      this.#endRest = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
