import { ServiceError, type Timer } from "@tidewire/foundation";
import { PeerLink } from "./peer-link.ts";
import type { PeerLinkOptions } from "./peer-link-options.ts";
import type { PeerLinkModules } from "./peer-link-types.ts";

export interface PeerLinkPoolOptions {
  /** Addresses at once. When full, the longest unused idle link makes room; if all are busy, `get` throws. */
  readonly linksMax: number;
  /** A link with nothing in flight for this long is closed. */
  readonly idleMs: number;
  readonly link: Partial<PeerLinkOptions>;
}

export const defaultPeerLinkPoolOptions: PeerLinkPoolOptions = { linksMax: 1_024, idleMs: 300_000, link: {} };

/** One managed link per address. Ask for the link each time rather than keep it: an idle one is closed. */
export class PeerLinkPool {
  readonly #modules: PeerLinkModules;
  readonly #options: PeerLinkPoolOptions;
  readonly #links = new Map<string, PeerLink>();
  #sweepTimer: Timer | undefined;
  #isClosed = false;

  constructor(modules: PeerLinkModules, options: Partial<PeerLinkPoolOptions> = {}) {
    this.#modules = modules;
    this.#options = { ...defaultPeerLinkPoolOptions, ...options };
  }

  get size(): number {
    return this.#links.size;
  }

  /** The link to the address, made if there is none. Throws `overloaded` when full of busy links. */
  get(address: string): PeerLink {
    const known = this.#links.get(address);
    if (known !== undefined) return known;
    if (this.#isClosed) throw new ServiceError("unavailable", "the links of this process are closed");
    if (this.#links.size >= this.#options.linksMax && !this.#closeLongestUnused()) {
      throw new ServiceError("overloaded", "too many peers", { details: { links: this.#links.size } });
    }
    const link = new PeerLink(address, this.#modules, this.#options.link);
    this.#links.set(address, link);
    this.#armSweep();
    return link;
  }

  /** The peer is known to be gone: closes the link, letting what is in flight end for at most `graceMs`. */
  async remove(address: string, graceMs = 0): Promise<void> {
    const link = this.#links.get(address);
    this.#links.delete(address);
    await link?.close(graceMs);
  }

  async close(graceMs = 0): Promise<void> {
    this.#isClosed = true;
    this.#sweepTimer?.cancel();
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(links.map((link) => link.close(graceMs)));
  }

  #closeLongestUnused(): boolean {
    let oldest: PeerLink | undefined;
    for (const link of this.#links.values()) {
      if (link.inFlight === 0 && (oldest === undefined || link.usedAt < oldest.usedAt)) oldest = link;
    }
    if (oldest === undefined) return false;
    void this.remove(oldest.address);
    return true;
  }

  #armSweep(): void {
    if (this.#sweepTimer !== undefined || this.#isClosed || this.#links.size === 0) return;
    this.#sweepTimer = this.#modules.clock.after(this.#options.idleMs / 2, () => {
      this.#sweepTimer = undefined;
      this.#closeIdle();
      this.#armSweep();
    });
  }

  #closeIdle(): void {
    const usedBefore = this.#modules.clock.monotonicMs() - this.#options.idleMs;
    for (const link of this.#links.values()) {
      if (link.inFlight === 0 && link.usedAt <= usedBefore) void this.remove(link.address);
    }
  }
}
