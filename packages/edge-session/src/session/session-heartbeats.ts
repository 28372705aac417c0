import type { Clock, Random, Timer } from "@tidewire/foundation";

export interface HeartbeatOptions {
  readonly heartbeatMs: number;
  /** Silence after which the client is given up. */
  readonly idleMs: number;
}

/** A timer that fires this late was held up by a busy event loop: what has arrived meanwhile is still unread. */
const LATE_TIMER_MS = 250;

/** Says something every `heartbeatMs`, and notices when the other side says nothing for `idleMs`. */
export class SessionHeartbeats {
  readonly #clock: Clock;
  readonly #options: HeartbeatOptions;
  readonly #onBeat: () => void;
  readonly #onSilence: () => void;
  #beatTimer: Timer;
  #silenceTimer: Timer;
  #heardAt: number;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random },
    options: HeartbeatOptions,
    handlers: { readonly beat: () => void; readonly silence: () => void },
  ) {
    this.#clock = modules.clock;
    this.#options = options;
    this.#onBeat = handlers.beat;
    this.#onSilence = handlers.silence;
    this.#heardAt = modules.clock.monotonicMs();
    // The first one comes early by chance, so that clients that arrived together do not stay together.
    this.#beatTimer = this.#clock.after(options.heartbeatMs * (0.5 + 0.5 * modules.random.next()), () => this.#beat());
    this.#silenceTimer = this.#armSilence(options.idleMs);
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#beatTimer.cancel();
    this.#silenceTimer.cancel();
  }

  #beat(): void {
    this.#beatTimer = this.#clock.after(this.#options.heartbeatMs, () => this.#beat());
    this.#onBeat();
  }

  /** Armed once per `idleMs`, not once per frame. */
  #armSilence(delayMs: number): Timer {
    const dueAt = this.#clock.monotonicMs() + delayMs;
    return this.#clock.after(delayMs, () => {
      const now = this.#clock.monotonicMs();
      const leftMs = this.#heardAt + this.#options.idleMs - now;
      if (leftMs > 0) this.#silenceTimer = this.#armSilence(leftMs);
      else if (now - dueAt > LATE_TIMER_MS) this.#silenceTimer = this.#armSilence(LATE_TIMER_MS);
      else this.#onSilence();
    });
  }
}
