import type { Ack, ExchangeRequest, ExchangeResponse, GossipPart, Ping } from "@tidewire/protocol-routing";
import { AntiEntropy } from "./anti-entropy.ts";
import { Core, type MembershipIdentity, type MembershipModules } from "./core.ts";
import type { MembershipEffect, MembershipEvent } from "./events.ts";
import { Exchanges } from "./exchanges.ts";
import { Gossiper } from "./gossiper.ts";
import { Healer } from "./healer.ts";
import { Joiner } from "./joiner.ts";
import type { Member, MembershipView } from "./member.ts";
import { isLive } from "./member-state.ts";
import { Prober } from "./prober.ts";
import { Relays } from "./relays.ts";
import { SelfDefence } from "./self-defence.ts";
import { SelfRecord } from "./self-record.ts";
import type { MembershipSettings } from "./settings.ts";
import { Statements } from "./statements.ts";
import { compareIds, memberOf } from "./view.ts";

/** Loop lag worth a point of local health; shorter ones are ordinary garbage collection. */
const LAG_POINT_MS = 200;
const MEASURE_EVERY_MS = 1_000;
/** Keys named in an acknowledgement; gossip.xml says the same. */
const KEY_IDS_MAX = 8;

/**
 * One member of a SWIM group with the Lifeguard extensions, as a pure machine: events with their time go in, effects
 * come out; sockets, clocks and keys are the adapter's.
 *
 * Each member probes one other per interval. Who does not answer, neither directly nor through others nor by stream, is
 * accused; the accusation spreads by gossip, and whoever is wrongly accused outlives it with a higher incarnation.
 * What is known of a member is a join-semilattice (member-state.ts), so all nodes end with the same view in whatever
 * order they hear things; anti-entropy and the healer carry what gossip lost. Safety of documents never depends on any
 * of this: the log decides who may write.
 */
export class MembershipEngine {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #defence: SelfDefence;
  readonly #statements: Statements;
  readonly #exchanges: Exchanges;
  readonly #prober: Prober;
  readonly #relays: Relays;
  readonly #antiEntropy: AntiEntropy;
  readonly #joiner: Joiner;
  readonly #healer: Healer;
  readonly #gossiper: Gossiper;
  #wakeAt = Number.POSITIVE_INFINITY;
  #shownVersion = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(identity: MembershipIdentity, settings: MembershipSettings, modules: MembershipModules) {
    const core = new Core(identity, settings, modules);
    this.#core = core;
    this.#self = new SelfRecord(core);
    this.#defence = new SelfDefence(core, this.#self);
    this.#statements = new Statements(core, this.#defence);
    this.#exchanges = new Exchanges(core);
    this.#prober = new Prober(core, this.#self, this.#statements, this.#exchanges);
    this.#relays = new Relays(core, this.#prober);
    this.#antiEntropy = new AntiEntropy(core, this.#self, this.#statements, this.#exchanges);
    this.#healer = new Healer(core, this.#antiEntropy);
    this.#gossiper = new Gossiper(core, this.#self, this.#statements);
    this.#joiner = new Joiner(core, this.#self, this.#exchanges, this.#antiEntropy, () => {
      this.#prober.start();
      this.#gossiper.start();
      this.#antiEntropy.start();
      this.#healer.start();
    });
  }

  /** @param now monotonic milliseconds; never earlier than in the call before. */
  handle(event: MembershipEvent, now: number): MembershipEffect[] {
    const core = this.#core;
    core.now = Math.max(core.now, now);
    switch (event.kind) {
      case "start":
        if (core.state === "idle") core.state = "joining";
        this.#joiner.attempt(event.seeds);
        break;
      case "seeds":
        if (core.state === "joining") this.#joiner.attempt(event.seeds);
        else this.#healer.heal(event.seeds);
        break;
      case "packet":
        this.#packet(event.from, event.packet);
        break;
      case "request":
        this.#request(event.exchange, event.from, event.body);
        break;
      case "response":
        this.#exchanges.answered(event.exchange, event.body);
        break;
      case "failed":
        this.#exchanges.failed(event.exchange);
        break;
      case "tick":
        this.#tick();
        break;
      case "lifecycle":
        this.#self.setLifecycle(event.lifecycle);
        break;
      case "meta":
        this.#self.setMeta(event.meta);
        break;
      case "keys":
        core.keyIds = event.keyIds.slice(0, KEY_IDS_MAX);
        break;
      case "leave":
        this.#gossiper.leave();
        break;
    }
    return this.#effects();
  }

  get id(): string {
    return this.#core.identity.id;
  }

  /** Boot under which the group knows this process. */
  get boot(): number {
    return this.#self.record.boot;
  }

  get isJoined(): boolean {
    return this.#core.state === "joined";
  }

  /** 0 is well. */
  get localHealth(): number {
    return this.#core.health.score;
  }

  /** Members alive or suspect, this one included. */
  get liveCount(): number {
    return this.#core.members.live.length;
  }

  /** Digest of everything known; equal on nodes that know the same. */
  get digest(): number {
    return this.#core.members.digest();
  }

  member(id: string): Member | undefined {
    const peer = this.#core.members.get(id);
    return peer === undefined ? undefined : memberOf(peer, id === this.id);
  }

  view(): MembershipView {
    const members = Array.from(this.#core.members.all(), (peer) => memberOf(peer, peer.id === this.id));
    return { members: members.sort(compareIds), stamp: this.#core.members.version };
  }

  /** Sizes of everything that could grow, for tests and metrics. */
  get sizes(): {
    members: number;
    queued: number;
    timers: number;
    suspicions: number;
    relays: number;
    exchanges: number;
  } {
    return {
      members: this.#core.members.size,
      queued: this.#core.queue.size,
      timers: this.#core.deadlines.size,
      suspicions: this.#statements.suspicions.size,
      relays: this.#relays.size,
      exchanges: this.#exchanges.size,
    };
  }

  #effects(): MembershipEffect[] {
    const { version } = this.#core.members;
    if (version !== this.#shownVersion) {
      this.#shownVersion = version;
      this.#core.emit({ kind: "version", version });
    }
    const nextAt = this.#core.deadlines.nextAt();
    if (nextAt !== this.#wakeAt && nextAt !== Number.POSITIVE_INFINITY) {
      this.#wakeAt = nextAt;
      this.#core.emit({ kind: "wake", at: nextAt });
    }
    return this.#core.takeEffects();
  }

  #tick(): void {
    const core = this.#core;
    const lagMs = Math.max(0, core.now - core.deadlines.nextAt());
    core.lagMs = Math.min(Math.round(lagMs), 0xffff_ffff);
    this.#wakeAt = Number.POSITIVE_INFINITY;
    if (lagMs >= LAG_POINT_MS) this.#stoodStill(lagMs);
    core.deadlines.runDue(core.now);
    this.#measure();
  }

  #measure(): void {
    const { members, health, queue, metrics, now } = this.#core;
    if (now - this.#measuredAt < MEASURE_EVERY_MS) return;
    this.#measuredAt = now;
    metrics.localHealth.set(health.score);
    metrics.queued.set(queue.size);
    const counts = { alive: 0, suspect: 0, dead: 0, left: 0 };
    for (const peer of members.all()) counts[peer.state.severity]++;
    for (const [severity, count] of Object.entries(counts)) metrics.members.set(count, { health: severity });
  }

  /** This process did not run for a while: what it missed meanwhile says nothing about the others. */
  #stoodStill(lagMs: number): void {
    this.#core.health.change(Math.floor(lagMs / LAG_POINT_MS));
    this.#statements.suspicions.postpone(lagMs);
    this.#prober.abandon();
  }

  #packet(from: string, packet: Uint8Array): void {
    const core = this.#core;
    const countFault = (): void => core.metrics.faults.add(1, { reason: "malformed" });
    let parts: GossipPart[];
    try {
      parts = core.format.readPacket(packet, countFault);
    } catch {
      return countFault();
    }
    for (const part of parts) this.#part(part, from);
  }

  #part(part: GossipPart, from: string): void {
    const core = this.#core;
    if (part.kind === "ping") return this.#pinged(part.value, from);
    if (!core.isMember) return;
    switch (part.kind) {
      case "ack":
        return this.#acked(part.value);
      case "nack":
        if (!this.#prober.nacked(part.value)) this.#relays.nacked(part.value);
        return;
      case "pingRequest":
        return this.#relays.requested(part.value, from);
      case "alive":
        return this.#statements.alive(part.value, from);
      case "suspect":
        return this.#statements.suspect(part.value);
      case "dead":
        return this.#statements.dead(part.value, from);
      case "left":
        return this.#statements.left(part.value, from);
      case "conflict":
        return this.#statements.conflict(part.value);
      case "unknown":
        return;
    }
  }

  #pinged(ping: Ping, from: string): void {
    const core = this.#core;
    const answer = this.#answerPing(ping);
    if (!core.isMember) return core.send(from, [answer]);
    const { record } = this.#self;
    if (ping.sourceId === record.id && ping.sourceBoot < record.boot) this.#defence.tellOlderTwin(from);
    const source = core.members.get(ping.sourceId);
    const isHere = source !== undefined && source.state.boot === ping.sourceBoot;
    // One that is accused learns it from whomever it talks to.
    const accusation = isHere ? this.#statements.accusationOf(source) : undefined;
    core.send(from, accusation === undefined ? [answer] : [accusation, answer]);
    if (isHere && isLive(source.state)) this.#antiEntropy.hint(source, ping.digest, ping.version);
  }

  #answerPing(ping: Ping): { kind: "ack"; value: Ack } | Extract<GossipPart, { kind: "nack" }> {
    const core = this.#core;
    const { id, boot } = this.#self.record;
    const { seq } = ping;
    if (!core.isMember) return { kind: "nack", value: { seq, reason: "notReady", id: "", boot: 0 } };
    if (ping.targetId !== id || ping.targetBoot !== boot) {
      return { kind: "nack", value: { seq, reason: "identity", id, boot } };
    }
    const { members, lagMs, keyIds } = core;
    const value: Ack = { seq, boot, digest: members.digest(), version: members.version, lagMs, keyIds };
    return { kind: "ack", value };
  }

  #acked(ack: Ack): void {
    const peer = this.#prober.acked(ack);
    if (peer === undefined) return void this.#relays.acked(ack);
    this.#antiEntropy.hint(peer, ack.digest, ack.version);
  }

  #request(exchange: number, from: string, body: Uint8Array): void {
    const core = this.#core;
    let request: ExchangeRequest;
    try {
      request = core.format.readRequest(body);
    } catch {
      return core.metrics.faults.add(1, { reason: "malformed" });
    }
    const response = this.#respond(request);
    core.emit({ kind: "reply", exchange, body: core.format.response(response) });
    if (request.kind === "ping" && core.isMember) core.logger.debug({ from }, "probed by stream");
  }

  #respond(request: ExchangeRequest): ExchangeResponse {
    switch (request.kind) {
      case "sync":
        return this.#antiEntropy.answer(request.value);
      case "push":
        this.#antiEntropy.answerPush(request.value);
        return { kind: "pushed", value: {} };
      case "ping":
        return this.#answerPing(request.value);
    }
  }
}
