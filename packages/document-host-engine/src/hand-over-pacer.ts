import type { Clock, Timer } from "@tidewire/foundation";
import type { HandOverReason } from "./actor-types.ts";
import type { DocumentActor } from "./document-actor.ts";

export interface HandOverPace {
  readonly handOverPerSecond: number;
  readonly handOverConcurrency: number;
}

/**
 * Lets documents go in an orderly row: so many at one time, so many a second, so that neither the log nor the next owners
 * nor the edges see them all at once. Documents without viewers go first, because nobody waits for them.
 */
export class HandOverPacer {
  readonly #clock: Clock;
  readonly #pace: HandOverPace;
  /** Whether this document is still to go, asked right before it would. */
  readonly #isStillDue: (actor: DocumentActor, reason: HandOverReason) => boolean;
  readonly #waiting = new Map<DocumentActor, HandOverReason>();
  readonly #idleListeners: (() => void)[] = [];
  #perSecond: number;
  #running = 0;
  #nextAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock, pace: HandOverPace, isStillDue: (actor: DocumentActor, reason: HandOverReason) => boolean) {
    this.#clock = clock;
    this.#pace = pace;
    this.#isStillDue = isStillDue;
    this.#perSecond = pace.handOverPerSecond;
  }

  /** From now on at least so many a second. */
  hurry(perSecond: number): void {
    this.#perSecond = Math.max(this.#perSecond, perSecond);
  }

  add(actors: Iterable<DocumentActor>, reason: HandOverReason): void {
    const sorted = [...actors].sort((a, b) => a.viewerCount - b.viewerCount);
    for (const actor of sorted) this.#waiting.set(actor, reason);
    this.#pump();
  }

  /** Resolves when nothing waits and nothing is on its way. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  stop(): void {
    this.#waiting.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#tellIfIdle();
  }

  get #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running === 0;
  }

  #pump(): void {
    while (this.#running < this.#pace.handOverConcurrency && this.#timer === undefined) {
      const next = this.#waiting.entries().next().value;
      if (next === undefined) break;
      const [actor, reason] = next;
      const now = this.#clock.monotonicMs();
      if (now < this.#nextAt) {
        this.#timer = this.#clock.after(this.#nextAt - now, () => {
          this.#timer = undefined;
          this.#pump();
        });
        return;
      }
      this.#waiting.delete(actor);
      if (actor.state === "closed" || !this.#isStillDue(actor, reason)) continue;
      this.#nextAt = Math.max(this.#nextAt, now) + 1_000 / this.#perSecond;
      void this.#run(actor, reason);
    }
    this.#tellIfIdle();
  }

  async #run(actor: DocumentActor, reason: HandOverReason): Promise<void> {
    this.#running++;
    await actor.handOver(reason);
    this.#running--;
    this.#pump();
  }

  #tellIfIdle(): void {
    if (this.#isIdle) for (const listener of this.#idleListeners.splice(0)) listener();
  }
}
