import type { Clock, Random, Timer } from "@tidewire/foundation";

export interface LivenessReports {
  /** Nothing was sent for a while: say something. */
  ping(): void;
  /** The peer has been silent for too long. */
  dead(silentMs: number): void;
}

/** Checks per interval. A ping goes out after 0.75 to 1 intervals of sending nothing. */
const CHECKS_PER_INTERVAL = 4;
const PING_AFTER_INTERVALS = 0.75;
/** Two missed pings. */
const DEAD_AFTER_INTERVALS = 2;
/** Checks of many connections spread out by themselves. */
const SPREAD = 0.2;

/**
 * Tells a dead peer from a quiet one: any byte counts as life, and a side with nothing to say pings. A check that comes
 * late proves nothing, because then this process was stalled and the peer's bytes may lie unread; so before anyone is
 * declared dead the event loop gets one turn to read what has arrived.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reports: LivenessReports;
  readonly #heartbeatMs: number;
  readonly #afterNextRead: (look: () => void) => void;
  #timer: Timer | undefined;
  #receivedAt: number;
  #sentAt: number;
  #isStopped = false;

  /** @param afterNextRead runs its argument when the event loop has polled its sockets once more. */
  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly afterNextRead: (look: () => void) => void },
    reports: LivenessReports,
    heartbeatMs: number,
  ) {
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#afterNextRead = modules.afterNextRead;
    this.#reports = reports;
    this.#heartbeatMs = heartbeatMs;
    this.#receivedAt = modules.clock.monotonicMs();
    this.#sentAt = this.#receivedAt;
    this.#arm();
  }

  received(): void {
    this.#receivedAt = this.#clock.monotonicMs();
  }

  sent(): void {
    this.#sentAt = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    const stepMs = this.#heartbeatMs / CHECKS_PER_INTERVAL;
    const spreadMs = stepMs * (1 - SPREAD * this.#random.next());
    // The last check of a silent peer comes on the dot: the step of the checks delays no verdict.
    const untilDeadMs = this.#receivedAt + this.#heartbeatMs * DEAD_AFTER_INTERVALS - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(Math.min(spreadMs, Math.max(untilDeadMs, 0)), () => this.#check());
  }

  #check(): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#sentAt >= this.#heartbeatMs * PING_AFTER_INTERVALS) this.#reports.ping();
    if (this.#silentTooLong()) this.#afterNextRead(() => this.#judge());
    else this.#arm();
  }

  #judge(): void {
    if (this.#isStopped) return;
    if (this.#silentTooLong()) this.#reports.dead(this.#clock.monotonicMs() - this.#receivedAt);
    else this.#arm();
  }

  #silentTooLong(): boolean {
    return this.#clock.monotonicMs() - this.#receivedAt >= this.#heartbeatMs * DEAD_AFTER_INTERVALS;
  }
}
