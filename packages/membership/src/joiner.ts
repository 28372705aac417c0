import { Backoff } from "@tidewire/foundation";
import type { ExchangeResponse } from "@tidewire/protocol-routing";
import type { AntiEntropy } from "./anti-entropy.ts";
import type { Core } from "./core.ts";
import type { Exchanges } from "./exchanges.ts";
import { DIGEST_BUCKETS, type Peer } from "./member-map.ts";
import type { SelfRecord } from "./self-record.ts";

/** Seeds asked at a time. */
const SEEDS_AT_ONCE = 5;

/**
 * Becomes a member: asks seeds for everything they know, takes a boot later than any the group remembers for this
 * name, and only then says its first word. Without an answer it keeps trying; it never turns into a group of one by
 * itself, unless it is the one member that may.
 */
export class Joiner {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #exchanges: Exchanges;
  readonly #antiEntropy: AntiEntropy;
  readonly #backoff: Backoff;
  readonly #onJoined: () => void;
  #pending = 0;
  #isFirstSeed = false;

  constructor(core: Core, self: SelfRecord, exchanges: Exchanges, antiEntropy: AntiEntropy, onJoined: () => void) {
    this.#core = core;
    this.#self = self;
    this.#exchanges = exchanges;
    this.#antiEntropy = antiEntropy;
    this.#backoff = new Backoff(core.random);
    this.#onJoined = onJoined;
  }

  /** Asks these seeds; called again with fresh ones after each failure. */
  attempt(seeds: readonly string[]): void {
    const core = this.#core;
    if (core.state !== "joining" || this.#pending > 0) return;
    const others = shuffled([...new Set(seeds)], core).filter((seed) => seed !== core.identity.gossipAddress);
    const asked = others.slice(0, SEEDS_AT_ONCE);
    this.#isFirstSeed = seeds[0] === core.identity.gossipAddress;
    if (asked.length === 0) return this.#failed();
    this.#pending = asked.length;
    for (const seed of asked) {
      const request = { kind: "sync", value: this.#antiEntropy.request(true) } as const;
      this.#exchanges.open(seed, request, core.settings.streamTimeoutMs, (response) => {
        this.#pending--;
        this.#answered(seed, response);
      });
    }
  }

  #answered(seed: string, response: ExchangeResponse | undefined): void {
    const core = this.#core;
    const isUsable = response?.kind === "sync" && response.value.outcome === "differs";
    // One that answers under this name is this process itself, reached under another address.
    if (isUsable && response.value.sourceId !== core.identity.id) {
      const { entries, version, sourceId, buckets } = response.value;
      const known = entries.find((entry) => entry.id === core.identity.id);
      if (core.state === "joining" && known !== undefined) this.#self.adoptBoot(known.boot);
      this.#antiEntropy.absorb(entries, sourceId, true);
      if (core.state === "joining") {
        if (buckets.length === DIGEST_BUCKETS) core.members.adoptVersion(version);
        core.witness(version);
        this.#join();
      }
      if (core.state === "joined") this.#tell(seed);
      return;
    }
    const isRefused = response?.kind === "sync" && response.value.outcome === "refused";
    if (isRefused) core.logger.error({ seed }, "a seed refused this node: another group, or no common version");
    if (core.state === "joining" && this.#pending === 0) this.#failed();
  }

  /** Hands the seed this node's record, so that it is known there at once. */
  #tell(seed: string): void {
    const self = this.#core.members.get(this.#core.identity.id) as Peer;
    this.#antiEntropy.push(seed, [this.#antiEntropy.entryOf(self)], false);
  }

  #failed(): void {
    const core = this.#core;
    const { allowBootstrap } = core.identity;
    if (allowBootstrap === "first-seed" ? this.#isFirstSeed : allowBootstrap) {
      core.logger.info({}, "no seed answered; starting a group");
      this.#join();
      return;
    }
    const delayMs = this.#backoff.nextDelayMs();
    core.logger.warn(
      { attempt: this.#backoff.attempt, retryInMs: Math.round(delayMs) },
      "no seed answered; not joined",
    );
    core.deadlines.arm(core.now + delayMs, () => {
      if (core.state === "joining") core.emit({ kind: "resolve" });
    });
  }

  #join(): void {
    const core = this.#core;
    core.state = "joined";
    this.#self.announce();
    core.emit({ kind: "joined" });
    this.#onJoined();
  }
}

export function shuffled<Item>(items: Item[], core: Core): Item[] {
  for (let index = items.length - 1; index > 0; index--) {
    const other = core.random.below(index + 1);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items;
}
