import type { MembershipView } from "@tidewire/membership";
import { HOST_ROLE } from "./routing-table.ts";

export interface FreezeOptions {
  /** More than this share of the active hosts, lost within the window, is rather a fault of the network. */
  readonly lostShare: number;
  /** Fewer lost hosts than this never freeze: in a small group one crash is a large share. */
  readonly lostMin: number;
  readonly windowMs: number;
  /** Longest time the last table is kept. */
  readonly holdMs: number;
}

export const defaultFreeze: FreezeOptions = { lostShare: 1 / 3, lostMin: 2, windowMs: 30_000, holdMs: 60_000 };

/**
 * Notices when many active hosts vanish at once, which is more likely a network that broke than hosts that died: the
 * last table is then kept for a while. Leaving and draining are no loss; being sent back to `joining` is one, because
 * after a healed split whole halves are on probation together.
 */
export class MassLossFreeze {
  readonly #options: FreezeOptions;
  #active: ReadonlySet<string> = new Set();
  /** Host id to the monotonic time of its loss. */
  readonly #lost = new Map<string, number>();
  #frozenUntil: number | undefined;

  constructor(options: FreezeOptions = defaultFreeze) {
    this.#options = options;
  }

  /** Monotonic time at which the freeze ends by itself, `undefined` while there is none. */
  get frozenUntil(): number | undefined {
    return this.#frozenUntil;
  }

  /** Takes in a view; true if the table derived from it should not be shown. */
  observe(view: MembershipView, now: number): boolean {
    const standing = new Map(view.members.filter(({ role }) => role === HOST_ROLE).map((host) => [host.id, host]));
    for (const id of this.#active) {
      const host = standing.get(id);
      const isLost = host === undefined || host.health === "dead" || (isUp(host) && host.lifecycle === "joining");
      if (isLost && !this.#lost.has(id)) this.#lost.set(id, now);
    }
    for (const [id, lostAt] of this.#lost) {
      const host = standing.get(id);
      const isBack = host !== undefined && isUp(host) && host.lifecycle !== "joining";
      const isForgotten = this.#frozenUntil === undefined && now - lostAt > this.#options.windowMs;
      if (isBack || isForgotten || host?.health === "left") this.#lost.delete(id);
    }
    const active = [...standing.values()].filter((host) => isUp(host) && host.lifecycle === "active");
    this.#active = new Set(active.map(({ id }) => id));
    return this.#judge(now);
  }

  #judge(now: number): boolean {
    const { lostMin, lostShare, holdMs } = this.#options;
    const lost = this.#lost.size;
    const isMassLoss = lost >= lostMin && lost > lostShare * (lost + this.#active.size);
    if (!isMassLoss) this.#frozenUntil = undefined;
    else this.#frozenUntil ??= now + holdMs;
    if (this.#frozenUntil === undefined) return false;
    if (now < this.#frozenUntil) return true;
    // It was real after all.
    this.#frozenUntil = undefined;
    this.#lost.clear();
    return false;
  }
}

function isUp(host: { readonly health: string }): boolean {
  return host.health === "alive" || host.health === "suspect";
}
