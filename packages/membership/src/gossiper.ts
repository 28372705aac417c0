import type { Left } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { SelfRecord } from "./self-record.ts";
import type { Statements } from "./statements.ts";

/** Carries queued statements to random members every gossip interval, and says goodbye at the end. */
export class Gossiper {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #statements: Statements;
  #leaveUntil = 0;

  constructor(core: Core, self: SelfRecord, statements: Statements) {
    this.#core = core;
    this.#self = self;
    this.#statements = statements;
  }

  start(): void {
    const { deadlines, now, random, settings } = this.#core;
    deadlines.arm(now + random.next() * settings.gossipIntervalMs, () => this.#round());
  }

  /** Ends with the effect `left`. */
  leave(): void {
    const core = this.#core;
    if (core.state === "leaving" || core.state === "left") return;
    if (core.state !== "joined") return this.#depart();
    core.state = "leaving";
    const { id, boot, incarnation } = this.#self.record;
    const value: Left = { id, boot, incarnation, stamp: core.nextStamp() };
    core.members.merge(id, { boot, incarnation, severity: "left", stamp: value.stamp, record: undefined }, core.now);
    core.spread(id, { kind: "left", value });
    this.#leaveUntil = core.now + core.settings.leaveMaxMs;
    if (core.members.live.length === 0) return this.#depart();
    core.deadlines.arm(this.#leaveUntil, () => this.#depart());
  }

  #round(): void {
    const core = this.#core;
    if (!core.isMember) return;
    core.deadlines.arm(core.now + core.settings.gossipIntervalMs, () => this.#round());
    if (core.queue.size > 0) this.#send();
    const isSaid = core.queue.sendsOf(core.identity.id) === undefined;
    if (core.state === "leaving" && isSaid) this.#depart();
  }

  #send(): void {
    const core = this.#core;
    const peers = core.pickPeers(core.settings.gossipFanOut, (peer) => peer.state.record !== undefined);
    const dead = this.#statements.recentlyDead();
    // The dead take the place of a living one now and then, in proportion to their number.
    if (dead.length > 0 && core.random.next() * (dead.length + core.members.live.length) < dead.length * peers.length) {
      peers.pop();
      peers.push(dead[core.random.below(dead.length)]!);
    }
    if (peers.length === 0) return core.queue.clear();
    for (const peer of peers) {
      const address = peer.state.record?.gossipAddress;
      if (address !== undefined) core.sendGossip(address);
    }
  }

  #depart(): void {
    if (this.#core.state === "left") return;
    this.#core.state = "left";
    this.#core.emit({ kind: "left" });
  }
}
