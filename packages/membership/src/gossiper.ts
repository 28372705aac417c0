import type { Left } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { Deadline } from "./deadlines.ts";
import type { SelfRecord } from "./self-record.ts";
import type { Statements } from "./statements.ts";

/** Urgent news waits for no round, but brings rounds forward at most to this share of the interval. */
const HURRY_SHARE = 0.25;

/** Carries queued statements to random members every gossip interval, and says goodbye at the end. */
export class Gossiper {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #statements: Statements;
  #next: Deadline | undefined;
  #lastRoundAt = Number.NEGATIVE_INFINITY;

  constructor(core: Core, self: SelfRecord, statements: Statements) {
    this.#core = core;
    this.#self = self;
    this.#statements = statements;
  }

  start(): void {
    const { now, random, settings } = this.#core;
    this.#arm(now + random.next() * settings.gossipIntervalMs);
    this.#core.hurry = () => this.#hurry();
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
    core.spread(id, { kind: "left", value }, true);
    if (core.members.live.length === 0) return this.#depart();
    core.deadlines.arm(core.now + core.settings.leaveMaxMs, () => this.#depart());
  }

  #arm(at: number): void {
    this.#next?.cancel();
    this.#next = this.#core.deadlines.arm(at, () => this.#round());
  }

  #hurry(): void {
    const { now, settings } = this.#core;
    const at = Math.max(now, this.#lastRoundAt + HURRY_SHARE * settings.gossipIntervalMs);
    if (this.#next !== undefined && at < this.#next.at) this.#arm(at);
  }

  #round(): void {
    const core = this.#core;
    if (!core.isMember) return;
    this.#lastRoundAt = core.now;
    this.#arm(core.now + core.settings.gossipIntervalMs);
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
