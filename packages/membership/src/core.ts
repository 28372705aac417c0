import type { Logger, MetricsSink, Random } from "@tidewire/foundation";
import type { GossipPart } from "@tidewire/protocol-routing";
import { Deadlines } from "./deadlines.ts";
import { DisseminationQueue } from "./dissemination-queue.ts";
import type { MembershipEffect } from "./events.ts";
import { GossipFormat, PACKET_OVERHEAD_BYTES, PART_OVERHEAD_BYTES, PARTS_MAX } from "./gossip-format.ts";
import { LocalHealth } from "./local-health.ts";
import type { Lifecycle, MemberMeta } from "./member.ts";
import { MemberMap, type Peer } from "./member-map.ts";
import { type MembershipMetrics, membershipMetrics } from "./metrics.ts";
import { ProbeList } from "./probe-list.ts";
import type { MembershipSettings } from "./settings.ts";

/** Who this node is. */
export interface MembershipIdentity {
  /** Stable name, at most 64 characters. */
  readonly id: string;
  /** Start of the process: ms since 1970 times 1024 plus ten random bits. Raised at the join if the group knows a later one. */
  readonly boot: number;
  readonly role: string;
  /** `host:port` others reach it at. */
  readonly gossipAddress: string;
  /** Name of the group; members of another one are refused. */
  readonly label: string;
  readonly meta: MemberMeta;
  /** Lifecycle wanted from the start; `joining` leaves the decision to a later event. */
  readonly lifecycle?: Lifecycle;
  /**
   * May begin a group alone when no seed answers. Exactly one member should: it is told so, or, with `first-seed`, it is
   * the one whose address comes first among the seeds as they were looked up.
   */
  readonly allowBootstrap: boolean | "first-seed";
}

export interface MembershipModules {
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

/** What all parts of the engine share: the records, the queue, the timers, and the effects of the event at hand. */
export class Core {
  readonly identity: MembershipIdentity;
  readonly settings: MembershipSettings;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MembershipMetrics;
  readonly format = new GossipFormat();
  readonly members: MemberMap;
  readonly queue = new DisseminationQueue();
  readonly deadlines = new Deadlines();
  readonly probeList: ProbeList;
  readonly health: LocalHealth;
  /** Brings the next gossip round forward; set by the gossiper. */
  hurry: () => void = () => {};
  /** Monotonic time of the event at hand. */
  now = 0;
  /** Monotonic time at which a statement last changed here. */
  changedAt = 0;
  state: "idle" | "joining" | "joined" | "leaving" | "left" | "evicted" = "idle";
  lagMs = 0;
  keyIds: readonly number[] = [];
  #effects: MembershipEffect[] = [];
  #lamport = 0;
  #isQuiet = false;

  constructor(identity: MembershipIdentity, settings: MembershipSettings, modules: MembershipModules) {
    this.identity = identity;
    this.settings = settings;
    this.random = modules.random;
    this.logger = modules.logger;
    this.metrics = membershipMetrics(modules.metrics);
    this.members = new MemberMap(settings.membersMax);
    this.probeList = new ProbeList(modules.random);
    this.health = new LocalHealth(settings.features.hasLocalHealth ? settings.localHealthMax : 0);
  }

  /** Takes part in the group: probes, gossips and answers. */
  get isMember(): boolean {
    return this.state === "joined" || this.state === "leaving";
  }

  emit(effect: MembershipEffect): void {
    this.#effects.push(effect);
  }

  takeEffects(): MembershipEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** A stamp later than all that were seen. */
  nextStamp(): number {
    this.#lamport++;
    return this.#lamport;
  }

  /** Every stamp that is met counts, also on what is ignored otherwise. */
  witness(stamp: number): void {
    // A forged giant would leave no room to count on.
    if (stamp < 2 ** 52) this.#lamport = Math.max(this.#lamport, stamp);
    else this.metrics.faults.add(1, { reason: "stamp" });
  }

  /**
   * Passes a statement on through the group.
   * @param isUrgent it should not wait for the next gossip round.
   */
  spread(subject: string, part: GossipPart, isUrgent = false): void {
    this.changedAt = this.now;
    if (this.#isQuiet) return this.queue.drop(subject);
    if (isUrgent) this.hurry();
    this.queue.put(subject, this.format.part(part), this.members.live.length);
  }

  /** Does `work` without passing on what it brings: those it comes from know it already. */
  quietly(work: () => void): void {
    this.#isQuiet = true;
    work();
    this.#isQuiet = false;
  }

  /** How often each member sends one statement: enough for all but a vanishing share to hear it. */
  get sendsMax(): number {
    return this.settings.retransmitMultiplier * Math.ceil(Math.log10(this.members.live.length + 1));
  }

  /** Sends these parts and fills the packet with what waits to be gossiped. */
  send(to: string, parts: readonly GossipPart[]): void {
    const own = parts.map((part) => this.format.part(part));
    this.#sendParts(to, own);
  }

  /** Sends nothing but gossip; no packet if there is none. */
  sendGossip(to: string): void {
    this.#sendParts(to, []);
  }

  #sendParts(to: string, own: readonly Uint8Array[]): void {
    let room = this.settings.packetMaxBytes - PACKET_OVERHEAD_BYTES;
    for (const part of own) room -= part.length + PART_OVERHEAD_BYTES;
    const gossip = this.queue.take(room, PART_OVERHEAD_BYTES, PARTS_MAX - own.length, this.sendsMax);
    if (own.length + gossip.length === 0) return;
    this.emit({ kind: "send", to, packet: this.format.packet([...own, ...gossip]) });
  }

  /** Random live members other than this one. */
  pickPeers(count: number, fits: (peer: Peer) => boolean = () => true): Peer[] {
    return this.members.pick(this.random, count, (peer) => peer.id !== this.identity.id && fits(peer));
  }
}
