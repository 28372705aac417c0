import type {
  ExchangeResponse,
  SyncEntry,
  SyncOutcome,
  SyncPush,
  SyncRequest,
  SyncResponse,
} from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { Exchanges } from "./exchanges.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "./gossip-format.ts";
import { DIGEST_BUCKETS, type Peer } from "./member-map.ts";
import { isLive } from "./member-state.ts";
import type { SelfRecord } from "./self-record.ts";
import type { Statements } from "./statements.ts";

/** Up to this many members a full round of syncs fits the interval; each doubling beyond stretches it by one. */
const SYNC_SCALE_FROM = 32;
/** A difference seen in passing is only followed up when gossip had this many rounds to settle it. */
const SETTLING_ROUNDS = 10;
/** Differences seen in passing start at most one sync in so many gossip rounds. */
const HINT_ROUNDS = 25;
/** A merge of two groups takes rounds: accuse, let refute, merge; this many are driven without waiting. */
export const HEAL_FOLLOW_UPS = 5;
const SYNCS_AT_ONCE_MAX = 8;
/** Exchanges in a row without an answer from a living member after which its stream path counts as broken. */
const BROKEN_AFTER = 5;
/** A newcomer compares notes about once a second until it finds nothing new, at most so often. */
const NEWCOMER_ROUNDS = 20;
const NEWCOMER_PAUSE_MS = 1_000;

export interface SyncOptions {
  /** Further rounds while the two sides still differ. */
  readonly followUps?: number;
  /** This node has just joined: what it learns and tells needs no spreading. */
  readonly isNewcomer?: boolean;
}

/**
 * Repairs what gossip missed: compares digests with one member at a time and exchanges the records of the buckets that
 * differ. Equal digests end it after one round trip.
 */
export class AntiEntropy {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #statements: Statements;
  readonly #exchanges: Exchanges;
  #underWay = 0;
  #hintAfter = 0;

  constructor(core: Core, self: SelfRecord, statements: Statements, exchanges: Exchanges) {
    this.#core = core;
    this.#self = self;
    this.#statements = statements;
    this.#exchanges = exchanges;
  }

  start(): void {
    this.#armNext(this.#core.random.next());
    this.#compareNotes(NEWCOMER_ROUNDS);
  }

  /**
   * When a whole group starts at once, what the seed knew at the join is almost nothing, and gossip alone would carry n
   * statements to n members: measured at 1,024 members, 52 s and a gigabyte. Syncs double what each knows.
   */
  #compareNotes(rounds: number): void {
    const core = this.#core;
    if (rounds === 0) return;
    core.deadlines.arm(core.now + NEWCOMER_PAUSE_MS * (0.5 + core.random.next()), () => {
      const [peer] = core.pickPeers(1, ({ state }) => state.severity === "alive" && state.record !== undefined);
      if (core.state !== "joined" || peer === undefined) return;
      this.exchangeWith(peer.state.record!.gossipAddress, { isNewcomer: true }, (outcome) => {
        if (outcome !== "same") this.#compareNotes(rounds - 1);
      });
    });
  }

  request(isJoin: boolean): SyncRequest {
    const { identity, members } = this.#core;
    return {
      label: identity.label,
      isJoin,
      sourceId: identity.id,
      sourceBoot: this.#self.record.boot,
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL_MAX,
      version: members.version,
      buckets: isJoin ? [] : members.buckets(),
    };
  }

  /** Calls `done` exactly once, with what came of it. */
  exchangeWith(address: string, options: SyncOptions = {}, done?: (outcome: SyncOutcome | "failed") => void): void {
    const { settings, metrics } = this.#core;
    if (this.#underWay >= SYNCS_AT_ONCE_MAX) return done?.("failed");
    this.#underWay++;
    this.#exchanges.open(
      address,
      { kind: "sync", value: this.request(false) },
      settings.streamTimeoutMs,
      (response) => {
        this.#underWay--;
        const outcome = this.#answered(response, address, options);
        this.#notePath(address, outcome !== "failed");
        metrics.syncs.add(1, { outcome });
        done?.(outcome);
      },
    );
  }

  /** A datagram showed another member's digest. */
  hint(peer: Peer, digest: number, version: number): void {
    const core = this.#core;
    if (digest === core.members.digest()) return core.members.adoptVersion(version);
    const { gossipIntervalMs } = core.settings;
    const isSettled = core.queue.size === 0 && core.now - core.changedAt > SETTLING_ROUNDS * gossipIntervalMs;
    const address = peer.state.record?.gossipAddress;
    if (!isSettled || core.now < this.#hintAfter || address === undefined) return;
    this.#hintAfter = core.now + HINT_ROUNDS * gossipIntervalMs;
    this.exchangeWith(address);
  }

  /** Answers a sync another node opened. */
  answer(request: SyncRequest): ExchangeResponse {
    const core = this.#core;
    const { label, protocolMin, protocolMax } = request;
    if (label !== core.identity.label || protocolMin > PROTOCOL_MAX || protocolMax < PROTOCOL_MIN) {
      core.metrics.faults.add(1, { reason: label === core.identity.label ? "version" : "label" });
      return this.#response("refused", []);
    }
    if (core.state !== "joined") return this.#response("notReady", []);
    if (request.isJoin) return this.#response("differs", [...core.members.all()]);
    if (request.buckets.length !== DIGEST_BUCKETS) return this.#response("refused", []);
    const peers = core.members.inDifferingBuckets(request.buckets);
    const isSame = core.members.buckets().every((bucket, index) => bucket === request.buckets[index]);
    if (isSame) core.members.adoptVersion(request.version);
    return this.#response(isSame ? "same" : "differs", peers);
  }

  answerPush(push: SyncPush): void {
    if (push.label !== this.#core.identity.label || this.#core.state !== "joined") return;
    this.absorb(push.entries, push.sourceId, push.isNewcomer);
  }

  /** @param isQuiet the others know these entries, or get them in the same way. */
  absorb(entries: readonly SyncEntry[], from: string, isQuiet: boolean): void {
    const take = (): void => {
      for (const entry of entries) this.#statements.entry(entry, from);
    };
    if (isQuiet) this.#core.quietly(take);
    else take();
  }

  push(address: string, entries: readonly SyncEntry[], isNewcomer: boolean): void {
    const { identity, settings } = this.#core;
    const value: SyncPush = { label: identity.label, sourceId: identity.id, isNewcomer, entries };
    this.#exchanges.open(address, { kind: "push", value }, settings.streamTimeoutMs, () => {});
  }

  entryOf(peer: Peer): SyncEntry {
    const { boot, incarnation, severity, stamp, record } = peer.state;
    const ageMs = isLive(peer.state) ? 0 : Math.max(0, Math.floor(this.#core.now - peer.changedAt));
    return { id: peer.id, boot, incarnation, severity, stamp, ageMs, record };
  }

  #answered(
    response: ExchangeResponse | undefined,
    address: string,
    { followUps = 0, isNewcomer = false }: SyncOptions,
  ): SyncOutcome | "failed" {
    const core = this.#core;
    if (response?.kind !== "sync" || !core.isMember) return "failed";
    const { outcome, entries, sourceId, version } = response.value;
    if (outcome === "same") {
      // Only if nothing changed here meanwhile; otherwise the next one will do it.
      const isStillSame = core.members.buckets().every((bucket, index) => bucket === response.value.buckets[index]);
      if (isStillSame) core.members.adoptVersion(version);
    }
    if (outcome !== "differs" || response.value.buckets.length !== DIGEST_BUCKETS) return outcome;
    const mine = core.members.inDifferingBuckets(response.value.buckets).map((peer) => this.entryOf(peer));
    this.absorb(entries, sourceId, isNewcomer);
    if (mine.length > 0) this.push(address, mine, isNewcomer);
    if (followUps > 0) {
      const at = core.now + SETTLING_ROUNDS * core.settings.gossipIntervalMs;
      core.deadlines.arm(at, () => {
        if (core.state === "joined") this.exchangeWith(address, { followUps: followUps - 1 });
      });
    }
    return outcome;
  }

  /** A member that answers datagrams but no streams stays a member; somebody should look at it. */
  #notePath(address: string, isOpen: boolean): void {
    const { members, metrics } = this.#core;
    const peer = members.live.find(({ state }) => state.record?.gossipAddress === address);
    if (peer === undefined) return;
    peer.streamFailures = isOpen ? 0 : peer.streamFailures + 1;
    if (peer.streamFailures === BROKEN_AFTER) metrics.brokenPaths.add(1, { path: "stream" });
  }

  #response(outcome: SyncResponse["outcome"], peers: readonly Peer[]): ExchangeResponse {
    const { members, identity } = this.#core;
    const value: SyncResponse = {
      outcome,
      sourceId: identity.id,
      sourceBoot: this.#self.record.boot,
      version: members.version,
      buckets: members.buckets(),
      entries: peers.map((peer) => this.entryOf(peer)),
    };
    return { kind: "sync", value };
  }

  #armNext(share: number): void {
    const { deadlines, members, now, settings } = this.#core;
    const doublings = Math.max(0, Math.ceil(Math.log2(Math.max(1, members.live.length) / SYNC_SCALE_FROM)));
    const intervalMs = settings.syncIntervalMs * (doublings + 1);
    deadlines.arm(now + share * intervalMs, () => this.#runRegular());
  }

  #runRegular(): void {
    const core = this.#core;
    if (!core.isMember) return;
    core.members.sweep(core.now, core.settings.tombstoneMs);
    // A little spread keeps nodes that started together from meeting every time.
    this.#armNext(0.9 + 0.2 * core.random.next());
    const [peer] = core.pickPeers(1, (candidate) => candidate.state.record !== undefined);
    if (peer !== undefined) this.exchangeWith(peer.state.record!.gossipAddress);
  }
}
