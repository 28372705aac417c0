export interface Timer {
  cancel(): void;
}

/** Time as a collaborator: the simulator and the tests hand in a clock they move themselves. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  wallMs(): number;
  /** Milliseconds that only ever grow; the origin means nothing. Durations and deadlines use this one. */
  monotonicMs(): number;
  /** Runs `callback` once, after at least `delayMs`. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
}

/** The largest delay a Node timer takes; longer waits are cut into pieces. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueAt = this.monotonicMs() + delayMs;
    let handle: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const leftMs = Math.max(0, dueAt - this.monotonicMs());
      handle = setTimeout(leftMs > TIMER_MAX_MS ? arm : callback, Math.min(leftMs, TIMER_MAX_MS));
      // Absent in browsers, where a timer keeps nothing alive anyway.
      (handle as { unref?: () => void }).unref?.();
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }
}

interface PendingTimer {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until told to move. Timers fire in order of due time, then of creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<PendingTimer>();
  readonly #wallOffsetMs: number;

  constructor(options: { readonly wallMs?: number } = {}) {
    this.#nowMs = 0;
    this.#wallOffsetMs = options.wallMs ?? 1_700_000_000_000;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer: PendingTimer = { dueAt: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves time forward, firing everything that falls due on the way, also what is armed meanwhile. */
  advance(byMs: number): void {
    const until = this.#nowMs + byMs;
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueAt);
      next.callback();
    }
    this.#nowMs = until;
  }

  /** Like `advance`, but lets pending promises settle before and after every timer. */
  async advanceAsync(byMs: number): Promise<void> {
    const until = this.#nowMs + byMs;
    await settle();
    for (let next = this.#nextDue(until); next !== undefined; next = this.#nextDue(until)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueAt);
      next.callback();
      await settle();
    }
    this.#nowMs = until;
  }

  #nextDue(until: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt > until) continue;
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }
}

/** Enough microtask turns for chains of awaits that involve no real I/O. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 32; turn++) await Promise.resolve();
}
