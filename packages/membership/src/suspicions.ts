import type { Core } from "./core.ts";
import type { Deadline } from "./deadlines.ts";
import { type SuspicionSpan, suspicionSpan, suspicionTimeoutMs } from "./suspicion.ts";

/**
 * An obituary by others counts once the suspicion here is this share of its shortest time old. One that comes sooner
 * ends the suspicion after its shortest time: when many accuse at once, refutations take seconds to get through.
 */
const OBITUARY_AFTER_SHARE = 0.5;

/** By how much a node in the worst health multiplies, beyond 1, the time before a verdict of its own. */
const VERDICT_PATIENCE = 1;

interface Suspicion {
  readonly span: SuspicionSpan;
  startedAt: number;
  /** The first accuser, who cannot confirm itself. */
  readonly accuser: string;
  readonly confirmers: Set<string>;
  /** Somebody else has declared it dead already. */
  hasObituary: boolean;
  deadline: Deadline;
}

/** The running suspicions of this node, one per suspect. */
export class Suspicions {
  readonly #core: Core;
  readonly #onTimeout: (id: string) => void;
  readonly #byId = new Map<string, Suspicion>();

  constructor(core: Core, onTimeout: (id: string) => void) {
    this.#core = core;
    this.#onTimeout = onTimeout;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** @param isStrong there is evidence besides silence: one more confirmation will do. */
  start(id: string, accuser: string, isStrong: boolean): void {
    this.cancel(id);
    const { settings, members, now } = this.#core;
    const span = suspicionSpan(members.live.length, {
      alpha: settings.suspicionAlpha,
      beta: settings.suspicionBeta,
      confirmations: settings.suspicionConfirmations,
      probeIntervalMs: settings.probeIntervalMs,
      isDynamic: settings.features.hasDynamicSuspicion,
    });
    const confirmers = new Set<string>();
    // Stand-ins for accusers nobody can be: ids are never empty or blank.
    if (isStrong) for (let count = 0; count < span.confirmations - 1; count++) confirmers.add(" ".repeat(count + 1));
    const deadline = this.#arm(id, now + span.minMs);
    const suspicion: Suspicion = { span, startedAt: now, accuser, confirmers, hasObituary: false, deadline };
    this.#byId.set(id, suspicion);
    this.#rearm(id, suspicion);
  }

  /** True if this accuser is new and still counts: its word should travel on. */
  confirm(id: string, accuser: string): boolean {
    const suspicion = this.#byId.get(id);
    if (suspicion === undefined || accuser === suspicion.accuser || suspicion.confirmers.has(accuser)) return false;
    if (suspicion.confirmers.size >= suspicion.span.confirmations) return false;
    suspicion.confirmers.add(accuser);
    this.#rearm(id, suspicion);
    return true;
  }

  /**
   * Somebody else declared the suspect dead. True if the suspicion here is old enough to believe it; in a real death
   * everyone has suspected for long by then.
   */
  heardObituary(id: string): boolean {
    const suspicion = this.#byId.get(id);
    if (suspicion === undefined) return true;
    if (this.#core.now - suspicion.startedAt >= OBITUARY_AFTER_SHARE * suspicion.span.minMs) return true;
    suspicion.hasObituary = true;
    this.#rearm(id, suspicion);
    return false;
  }

  cancel(id: string): void {
    this.#byId.get(id)?.deadline.cancel();
    this.#byId.delete(id);
  }

  /** Time during which this process could not hear refutations does not count. */
  postpone(byMs: number): void {
    for (const [id, suspicion] of this.#byId) {
      suspicion.startedAt += byMs;
      this.#rearm(id, suspicion);
    }
  }

  #rearm(id: string, suspicion: Suspicion): void {
    suspicion.deadline.cancel();
    const { span, confirmers, hasObituary } = suspicion;
    const timeoutMs = hasObituary ? span.minMs : suspicionTimeoutMs(span, confirmers.size);
    suspicion.deadline = this.#arm(id, suspicion.startedAt + timeoutMs);
  }

  #arm(id: string, at: number): Deadline {
    return this.#core.deadlines.arm(at, () => this.#expired(id));
  }

  #expired(id: string): void {
    const { health, settings, now } = this.#core;
    const suspicion = this.#byId.get(id);
    if (suspicion === undefined) return;
    // A node in bad health gives the refutation more time to reach it; others' obituaries it believes as ever.
    const patience = suspicion.hasObituary ? 1 : 1 + (VERDICT_PATIENCE * health.score) / settings.localHealthMax;
    const timeoutMs = suspicionTimeoutMs(suspicion.span, suspicion.confirmers.size);
    const dueAt = suspicion.startedAt + patience * timeoutMs;
    if (!suspicion.hasObituary && dueAt > now) {
      suspicion.deadline = this.#arm(id, dueAt);
      return;
    }
    this.#byId.delete(id);
    this.#onTimeout(id);
  }
}
