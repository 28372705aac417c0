import type { Clock, Random, Timer } from "@tidewire/foundation";

export interface HeartbeatEvents {
  /** Say the client's own heartbeat now. */
  onBeat(): void;
  /** The server was not heard for one and a half intervals, or is heard again. */
  onSilence(isSilent: boolean): void;
  /** Not heard for two intervals. */
  onDead(): void;
}

const STALE_INTERVALS = 1.5;
const DEAD_INTERVALS = 2;

/**
 * Both directions of a session's heartbeat. The client speaks once an interval; the first time after a random part of it,
 * so that clients that came together do not speak together.
 *
 * Two things browsers do to timers are met here. Hidden pages get theirs as rarely as once a minute: a heartbeat of the
 * server, which is an event and not a timer, makes the client answer when its own is late. And a machine that slept wakes
 * with a timer long overdue, before the frames that wait in the socket are read: half an interval is left for them then.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #events: HeartbeatEvents;
  #heardAt: number;
  #beatAt: number;
  #isSilent = false;
  #beatTimer: Timer;
  #watchTimer: Timer;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random },
    events: HeartbeatEvents,
    intervalMs: number,
  ) {
    this.#clock = modules.clock;
    this.#events = events;
    this.#intervalMs = intervalMs;
    this.#heardAt = this.#clock.monotonicMs();
    this.#beatAt = this.#heardAt;
    this.#beatTimer = this.#clock.after(intervalMs * modules.random.next(), () => this.#beat());
    this.#watchTimer = this.#watchAfter(STALE_INTERVALS * intervalMs);
  }

  /** Any frame proves that the server is there. */
  heard(): void {
    this.#heardAt = this.#clock.monotonicMs();
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#events.onSilence(false);
  }

  serverBeat(): void {
    if (this.#clock.monotonicMs() - this.#beatAt > 1.25 * this.#intervalMs) this.#beat();
  }

  stop(): void {
    this.#beatTimer.cancel();
    this.#watchTimer.cancel();
  }

  #beat(): void {
    this.#beatTimer.cancel();
    this.#beatAt = this.#clock.monotonicMs();
    this.#beatTimer = this.#clock.after(this.#intervalMs, () => this.#beat());
    this.#events.onBeat();
  }

  #watchAfter(delayMs: number): Timer {
    const dueAt = this.#clock.monotonicMs() + delayMs;
    return this.#clock.after(delayMs, () => this.#watch(dueAt));
  }

  #watch(dueAt: number): void {
    const now = this.#clock.monotonicMs();
    const staleAt = this.#heardAt + STALE_INTERVALS * this.#intervalMs;
    const deadAt = this.#heardAt + DEAD_INTERVALS * this.#intervalMs;
    if (now - dueAt > this.#intervalMs) this.#wokeUp(now);
    else if (now >= deadAt) this.#events.onDead();
    else if (now >= staleAt) this.#silence(deadAt - now);
    else this.#watchTimer = this.#watchAfter(staleAt - now);
  }

  #wokeUp(now: number): void {
    this.#heardAt = Math.max(this.#heardAt, now - STALE_INTERVALS * this.#intervalMs);
    this.#silence(this.#heardAt + DEAD_INTERVALS * this.#intervalMs - now);
    this.#beat();
  }

  #silence(leftMs: number): void {
    this.#watchTimer = this.#watchAfter(leftMs);
    if (this.#isSilent) return;
    this.#isSilent = true;
    this.#events.onSilence(true);
  }
}
