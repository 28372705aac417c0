import { type AntiEntropy, HEAL_FOLLOW_UPS } from "./anti-entropy.ts";
import type { Core } from "./core.ts";

/** Members that look for lost ones in each interval, in the whole group. */
const HEALERS = 3;

/**
 * Finds its way back after a split, for ever: now and then it talks to an address that should belong to the group and
 * does not. Without it two halves that have declared each other dead never meet again.
 */
export class Healer {
  readonly #core: Core;
  readonly #antiEntropy: AntiEntropy;

  constructor(core: Core, antiEntropy: AntiEntropy) {
    this.#core = core;
    this.#antiEntropy = antiEntropy;
  }

  start(): void {
    this.#arm(this.#core.random.next());
  }

  /** Fresh seeds arrived. */
  heal(seeds: readonly string[]): void {
    const core = this.#core;
    if (core.state !== "joined" || core.random.next() * core.members.live.length >= HEALERS) return;
    const members = new Set<string>([core.identity.gossipAddress]);
    for (const peer of core.members.live) members.add(peer.state.record?.gossipAddress ?? "");
    const lostSeeds = seeds.filter((seed) => !members.has(seed));
    const dead: string[] = [];
    for (const { state } of core.members.all()) {
      const address = state.record?.gossipAddress;
      if (state.severity === "dead" && address !== undefined && !members.has(address)) dead.push(address);
    }
    // Seeds are meant to be there, the dead mostly are not.
    const useSeeds = lostSeeds.length > 0 && (dead.length === 0 || core.random.below(2) === 0);
    const candidates = useSeeds ? lostSeeds : dead;
    if (candidates.length === 0) return;
    const address = candidates[core.random.below(candidates.length)]!;
    this.#antiEntropy.exchangeWith(address, { followUps: HEAL_FOLLOW_UPS });
  }

  #arm(share: number): void {
    const { deadlines, now, settings } = this.#core;
    deadlines.arm(now + share * settings.healIntervalMs, () => {
      if (this.#core.state !== "joined") return;
      this.#arm(0.8 + 0.4 * this.#core.random.next());
      this.#core.emit({ kind: "resolve" });
    });
  }
}
