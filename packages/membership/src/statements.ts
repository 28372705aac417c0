import type { Alive, Conflict, Dead, GossipPart, Left, Severity, Suspect, SyncEntry } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { MergeOutcome, Peer } from "./member-map.ts";
import { compareStatements, isLive, type MemberState, stateOfEntry, stateOfRecord } from "./member-state.ts";
import type { SelfDefence } from "./self-defence.ts";
import { Suspicions } from "./suspicions.ts";

/** Of the nodes that hear a member outlive its obituary, about so many tell it. */
const OBITUARY_MESSENGERS = 8;

/** What is said about members, by themselves and by others, and what follows from it. */
export class Statements {
  readonly suspicions: Suspicions;
  readonly #core: Core;
  readonly #defence: SelfDefence;
  /** Dead members that still get gossip. */
  #recentlyDead: Peer[] = [];

  constructor(core: Core, defence: SelfDefence) {
    this.#core = core;
    this.#defence = defence;
    this.suspicions = new Suspicions(core, (id) => this.#declareDead(id));
  }

  /** @param from address of the sender of the packet; `undefined` for what came by an exchange. */
  alive(record: Alive, from?: string): void {
    const core = this.#core;
    core.witness(record.stamp);
    if (record.id === core.identity.id) return this.#defence.heardAlive(record, from);
    const known = core.members.get(record.id);
    const state = stateOfRecord(record);
    if (known !== undefined && compareStatements(state, known.state) <= 0) {
      // Not news, but it may be the record that hearsay came without.
      this.#merge(record.id, state);
      if (from !== undefined) this.#answerStale(known, record, from);
      return;
    }
    const before = known?.state;
    const outcome = this.#merge(record.id, state);
    if (outcome === undefined) return;
    this.suspicions.cancel(record.id);
    core.probeList.add(record.id);
    core.spread(record.id, { kind: "alive", value: record });
    this.#noteRevival(record, before);
  }

  suspect({ id, boot, incarnation, from: accuser }: Suspect): void {
    const core = this.#core;
    if (id === core.identity.id) return this.#defence.accused("suspect", boot, incarnation, 0);
    this.#suspect(id, boot, incarnation, accuser, false);
  }

  dead(statement: Dead, from?: string): void {
    const core = this.#core;
    const { id, boot, incarnation, stamp, from: accuser } = statement;
    core.witness(stamp);
    if (id === core.identity.id) return this.#defence.accused("dead", boot, incarnation, stamp, from);
    const state: MemberState = { boot, incarnation, severity: "dead", stamp, record: undefined };
    const known = core.members.get(id);
    if (known !== undefined && compareStatements(state, known.state) <= 0) {
      const isLaterVerdict = compareStatements(state, known.state) === 0 && stamp > known.state.stamp;
      core.members.raiseStamp(id, stamp);
      if (isLaterVerdict) core.spread(id, { kind: "dead", value: statement });
      // The sender buried someone who has spoken since.
      const record = known.state.record;
      if (from !== undefined && record !== undefined && isLive(known.state) && record.boot >= boot) {
        if (record.boot > boot || record.incarnation > incarnation) core.send(from, [{ kind: "alive", value: record }]);
      }
      return;
    }
    // Whoever lives by what is known here gets time to refute: the sender may be the one that is cut off.
    if (known !== undefined && isLive(known.state) && core.settings.features.hasDeadGate) {
      this.#suspect(id, boot, incarnation, accuser, false);
      if (!this.suspicions.heardObituary(id)) return;
    }
    if (this.#merge(id, state) !== undefined) this.#buried(id, { kind: "dead", value: statement });
  }

  left(statement: Left, from?: string): void {
    const core = this.#core;
    const { id, boot, incarnation, stamp } = statement;
    core.witness(stamp);
    if (id === core.identity.id) return this.#defence.accused("left", boot, incarnation, stamp, from);
    const outcome = this.#merge(id, { boot, incarnation, severity: "left", stamp, record: undefined });
    if (outcome === undefined || outcome.after.severity !== "left") return;
    this.suspicions.cancel(id);
    core.spread(id, { kind: "left", value: statement });
  }

  conflict(statement: Conflict): void {
    if (statement.id === this.#core.identity.id) this.#defence.heardConflict(statement);
  }

  /** What an exchange brought about one member. */
  entry(entry: SyncEntry, from: string): void {
    const core = this.#core;
    const { id, boot, incarnation, severity, stamp } = entry;
    core.witness(stamp);
    if (id === core.identity.id) {
      if (entry.record !== undefined && severity === "alive") this.#defence.heardAlive(entry.record);
      // A stamp this node never gave comes from an obituary, even if the member is held alive again.
      const verdict = severity === "alive" ? "dead" : severity;
      if (severity !== "alive" || stamp > this.#defence.stamp) this.#defence.accused(verdict, boot, incarnation, stamp);
      return;
    }
    if (severity === "alive" || severity === "suspect") {
      if (entry.record !== undefined) this.alive(entry.record);
      if (severity === "suspect") this.suspect({ id, boot, incarnation, from });
      return core.members.raiseStamp(id, stamp);
    }
    this.#obituaryEntry(entry, from);
  }

  /** This node's own evidence against a member. */
  accuse(peer: Peer, isStrong: boolean): void {
    const { boot, incarnation } = peer.state;
    if (isLive(peer.state)) this.#suspect(peer.id, boot, incarnation, this.#core.identity.id, isStrong);
  }

  /** The accusation that stands against a member, in the form in which it is told to it. */
  accusationOf(peer: Peer): GossipPart | undefined {
    const { boot, incarnation, severity, stamp } = peer.state;
    const from = this.#core.identity.id;
    switch (severity) {
      case "alive":
        return undefined;
      case "suspect":
        return { kind: "suspect", value: { id: peer.id, boot, incarnation, from } };
      case "dead":
        return { kind: "dead", value: { id: peer.id, boot, incarnation, from, stamp } };
      case "left":
        return { kind: "left", value: { id: peer.id, boot, incarnation, stamp } };
    }
  }

  /** Dead members that died so recently that they still get gossip. */
  recentlyDead(): readonly Peer[] {
    const { now, settings } = this.#core;
    this.#recentlyDead = this.#recentlyDead.filter(
      (peer) => peer.state.severity === "dead" && now - peer.changedAt < settings.gossipToDeadMs,
    );
    return this.#recentlyDead;
  }

  #suspect(id: string, boot: number, incarnation: number, accuser: string, isStrong: boolean): void {
    const core = this.#core;
    const part: GossipPart = { kind: "suspect", value: { id, boot, incarnation, from: accuser } };
    const outcome = this.#merge(id, { boot, incarnation, severity: "suspect", stamp: 0, record: undefined });
    if (outcome !== undefined) {
      if (outcome.before === undefined) core.probeList.add(id);
      this.suspicions.start(id, accuser, isStrong);
      core.spread(id, part, accuser === core.identity.id);
      return;
    }
    const state = core.members.get(id)?.state;
    const isSame = state?.severity === "suspect" && state.boot === boot && state.incarnation === incarnation;
    if (isSame && this.suspicions.confirm(id, accuser)) core.spread(id, part);
  }

  #declareDead(id: string): void {
    const core = this.#core;
    const peer = core.members.get(id);
    if (peer?.state.severity !== "suspect") return;
    const { boot, incarnation } = peer.state;
    const stamp = core.nextStamp();
    const state: MemberState = { boot, incarnation, severity: "dead", stamp, record: undefined };
    if (this.#merge(id, state, 0, true) === undefined) return;
    this.#buried(id, { kind: "dead", value: { id, boot, incarnation, stamp, from: core.identity.id } });
  }

  #buried(id: string, part: GossipPart): void {
    const peer = this.#core.members.get(id)!;
    this.suspicions.cancel(id);
    if (!this.#recentlyDead.includes(peer)) this.#recentlyDead.push(peer);
    // An obituary waits nowhere: measured at 128 members, everyone knows 0.2 s after the first instead of 0.35 s.
    this.#core.spread(id, part, true);
  }

  #obituaryEntry(entry: SyncEntry, from: string): void {
    const core = this.#core;
    const { id, boot, incarnation, stamp } = entry;
    const known = core.members.get(id);
    // Where nobody remembers the name, an old tombstone stays buried.
    if (known === undefined && entry.ageMs > core.settings.tombstoneMs / 3) return;
    const isGated = known !== undefined && isLive(known.state) && entry.severity === "dead";
    if (isGated && compareStatements(stateOfEntry(entry), known.state) > 0) {
      // Even where gossip has no gate, an exchange of everything has one.
      this.#suspect(id, boot, incarnation, from, false);
      if (this.suspicions.heardObituary(id)) this.dead({ id, boot, incarnation, stamp, from });
    } else if (!isGated) {
      const outcome = this.#merge(id, stateOfEntry(entry), entry.ageMs);
      if (outcome !== undefined) this.suspicions.cancel(id);
    }
  }

  /** Somebody still spreads an old word of a member that is accused, or buried, or was replaced. */
  #answerStale(known: Peer, record: Alive, from: string): void {
    const core = this.#core;
    const { state } = known;
    if (state.boot > record.boot && state.record !== undefined && isLive(state)) {
      core.send(from, [{ kind: "alive", value: state.record }]);
      return;
    }
    const isTold = state.severity === "dead" || state.severity === "left" || from === record.gossipAddress;
    const accusation = isTold ? this.accusationOf(known) : undefined;
    if (accusation !== undefined) core.send(from, [accusation]);
  }

  #noteRevival(record: Alive, before: MemberState | undefined): void {
    const core = this.#core;
    if (before === undefined) return;
    if (before.boot < record.boot) {
      const old = before.record?.gossipAddress;
      const isTwin = isLive(before) && old !== undefined && old !== record.gossipAddress;
      if (isTwin) core.send(old, [conflictWith(record)]);
      return;
    }
    // A word that overtook the obituary carries an older stamp, so tables would change without a later version.
    if (before.severity !== "dead" || before.stamp < record.stamp) return;
    if (core.random.next() * core.members.live.length >= OBITUARY_MESSENGERS) return;
    const { boot, incarnation, stamp } = before;
    const dead: Dead = { id: record.id, boot, incarnation, stamp, from: core.identity.id };
    core.send(record.gossipAddress, [{ kind: "dead", value: dead }]);
  }

  #merge(id: string, state: MemberState, ageMs = 0, isVerdict = false): MergeOutcome | undefined {
    const core = this.#core;
    const isKnown = core.members.get(id) !== undefined;
    const outcome = core.members.merge(id, state, core.now, ageMs);
    if (outcome === undefined) {
      if (!isKnown) core.metrics.faults.add(1, { reason: "full" });
      return undefined;
    }
    const { before, after } = outcome;
    this.#announceChange(id, before?.severity, after, isVerdict);
    const isNewWord = before === undefined || compareStatements(after, before) > 0;
    return isNewWord ? outcome : undefined;
  }

  #announceChange(id: string, before: Severity | undefined, after: MemberState, isVerdict: boolean): void {
    const { boot, incarnation, severity } = after;
    if (severity !== before) this.#core.metrics.changes.add(1, { after: severity });
    this.#core.emit({ kind: "changed", id, boot, incarnation, before, after: severity, isVerdict });
  }
}

export function conflictWith(record: Alive): GossipPart {
  const { id, boot, gossipAddress } = record;
  return { kind: "conflict", value: { id, boot, gossipAddress } };
}
