import type { Clock, Timer } from "@tidewire/foundation";

/** What may be read at once after a pause. */
const BURST_MS = 250;

/** A token bucket in bytes a second, so that a backup takes no more of disk and network than it was given. */
export class ByteRate {
  readonly #clock: Clock;
  readonly #bytesPerSecond: number;
  /** When what was taken so far is paid for; in the past there is a burst to spend. */
  #freeAt = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Map<Timer, () => void>();
  #isStopped = false;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when this many bytes may be moved. */
  async take(bytes: number): Promise<void> {
    const now = this.#clock.monotonicMs();
    const startAt = Math.max(this.#freeAt, now - BURST_MS);
    this.#freeAt = startAt + (bytes / this.#bytesPerSecond) * 1_000;
    if (startAt <= now || this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(startAt - now, () => {
        this.#waiting.delete(timer);
        resolve();
      });
      this.#waiting.set(timer, resolve);
    });
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#isStopped = true;
    for (const [timer, resolve] of this.#waiting) {
      timer.cancel();
      resolve();
    }
    this.#waiting.clear();
  }
}
