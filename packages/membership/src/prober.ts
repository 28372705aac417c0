import type { Ack, GossipPart, Nack, Ping } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { Deadline } from "./deadlines.ts";
import type { Exchanges } from "./exchanges.ts";
import type { Peer } from "./member-map.ts";
import { isLive } from "./member-state.ts";
import type { SelfRecord } from "./self-record.ts";
import type { Statements } from "./statements.ts";

/** Probes in a row that only one of datagram and stream answered before the other counts as broken. */
const BROKEN_AFTER = 5;

/** One probe of one member; there is never more than one under way. */
interface Round {
  readonly peer: Peer;
  readonly seq: number;
  readonly boot: number;
  readonly endsAt: number;
  expectedNacks: number;
  nacks: number;
  hasAnswered: boolean;
  hasStreamAnswer: boolean;
  isStranger: boolean;
  deadline: Deadline;
}

/**
 * The failure detector: one member each interval is asked directly, after the timeout through others and by stream,
 * and at the end of the interval accused if nothing came. Interval and timeout grow with local health, as in the
 * Lifeguard paper.
 */
export class Prober {
  readonly #core: Core;
  readonly #self: SelfRecord;
  readonly #statements: Statements;
  readonly #exchanges: Exchanges;
  #seq: number;
  #round: Round | undefined;

  constructor(core: Core, self: SelfRecord, statements: Statements, exchanges: Exchanges) {
    this.#core = core;
    this.#self = self;
    this.#statements = statements;
    this.#exchanges = exchanges;
    this.#seq = core.random.bits();
  }

  /** Shared with the relays, so that an answer names exactly one question. */
  nextSeq(): number {
    this.#seq = (this.#seq + 1) >>> 0;
    return this.#seq;
  }

  start(): void {
    const { deadlines, now, random, settings } = this.#core;
    deadlines.arm(now + random.next() * settings.probeIntervalMs, () => this.#begin());
  }

  /** The words of a ping of this node, to whomever it goes. */
  ping(seq: number, targetId: string, targetBoot: number): Ping {
    const { members, health } = this.#core;
    const { id, boot } = this.#self.record;
    return {
      seq,
      targetId,
      targetBoot,
      sourceId: id,
      sourceBoot: boot,
      digest: members.digest(),
      version: members.version,
      localHealth: health.score,
    };
  }

  /** True if the answer belonged to a probe of this node. */
  acked(ack: Ack): Peer | undefined {
    const round = this.#round;
    if (round === undefined || ack.seq !== round.seq) return undefined;
    round.peer.keyIds = ack.keyIds;
    if (!round.hasAnswered) {
      round.hasAnswered = true;
      round.peer.datagramFailures = 0;
      this.#core.health.change(-1);
    }
    return round.peer;
  }

  nacked(nack: Nack): boolean {
    const round = this.#round;
    if (round === undefined || nack.seq !== round.seq) return false;
    if (nack.reason === "silent") round.nacks++;
    if (nack.reason === "identity") this.#heardStranger(round, nack);
    return true;
  }

  /** What was under way while this process stood still proves nothing. */
  abandon(): void {
    const round = this.#round;
    if (round === undefined) return;
    round.hasAnswered = true;
  }

  #begin(): void {
    const core = this.#core;
    if (!core.isMember) return;
    const { settings, health, now } = core;
    const endsAt = now + settings.probeIntervalMs * health.factor;
    const id = core.probeList.next((candidate) => this.#isTarget(candidate));
    const peer = id === undefined ? undefined : core.members.get(id);
    const address = peer?.state.record?.gossipAddress;
    if (peer === undefined || address === undefined) {
      core.deadlines.arm(endsAt, () => this.#begin());
      return;
    }
    const seq = this.nextSeq();
    const boot = peer.state.boot;
    this.#round = {
      peer,
      seq,
      boot,
      endsAt,
      expectedNacks: 0,
      nacks: 0,
      hasAnswered: false,
      hasStreamAnswer: false,
      isStranger: false,
      deadline: core.deadlines.arm(now + settings.probeTimeoutMs * health.factor, () => this.#askOthers()),
    };
    const ping: GossipPart = { kind: "ping", value: this.ping(seq, peer.id, boot) };
    const accusation = settings.features.hasBuddy ? this.#statements.accusationOf(peer) : undefined;
    // The suspicion first, so that the refutation travels with the answer.
    core.send(address, accusation === undefined ? [ping] : [accusation, ping]);
  }

  #askOthers(): void {
    const core = this.#core;
    const round = this.#round;
    if (round === undefined) return;
    round.deadline = core.deadlines.arm(round.endsAt, () => this.#conclude());
    const address = round.peer.state.record?.gossipAddress;
    if (round.hasAnswered || address === undefined) return;
    const budgetMs = Math.max(1, Math.floor(round.endsAt - core.now));
    const { id, boot } = this.#self.record;
    const relays = core.pickPeers(core.settings.indirectProbes, (peer) => {
      return peer !== round.peer && peer.state.severity === "alive" && peer.state.record !== undefined;
    });
    round.expectedNacks = relays.length;
    for (const relay of relays) {
      const request: GossipPart = {
        kind: "pingRequest",
        value: {
          seq: round.seq,
          targetId: round.peer.id,
          targetBoot: round.boot,
          targetAddress: address,
          budgetMs,
          sourceId: id,
          sourceBoot: boot,
        },
      };
      core.send(relay.state.record!.gossipAddress, [request]);
    }
    this.#pingByStream(round, address, budgetMs);
  }

  #pingByStream(round: Round, address: string, budgetMs: number): void {
    const request = { kind: "ping", value: this.ping(round.seq, round.peer.id, round.boot) } as const;
    this.#exchanges.open(address, request, budgetMs, (response) => {
      if (response?.kind === "ack" && response.value.seq === round.seq) round.hasStreamAnswer = true;
      if (response?.kind === "nack" && response.value.reason === "identity") this.#heardStranger(round, response.value);
    });
  }

  #conclude(): void {
    const round = this.#round!;
    this.#round = undefined;
    this.#core.metrics.probes.add(1, { outcome: this.#judge(round) });
    this.#begin();
  }

  /** Draws the consequences of a round that is over, and names its outcome. */
  #judge(round: Round): string {
    const core = this.#core;
    const { peer } = round;
    if (round.hasAnswered) return "answered";
    if (round.hasStreamAnswer) {
      peer.datagramFailures++;
      if (peer.datagramFailures === BROKEN_AFTER) core.metrics.brokenPaths.add(1, { path: "datagram" });
      return "stream";
    }
    if (round.isStranger) return "stranger";
    core.health.change(round.expectedNacks === 0 ? 1 : round.expectedNacks - round.nacks);
    if (peer.state.boot === round.boot) this.#statements.accuse(peer, false);
    return "failed";
  }

  /** Somebody else answers at the member's address: strong evidence, but not proof, for routes can be wrong. */
  #heardStranger(round: Round, nack: Nack): void {
    if (nack.id === round.peer.id && nack.boot <= round.boot) return;
    if (round.isStranger || round.hasAnswered) return;
    round.isStranger = true;
    if (isLive(round.peer.state) && round.peer.state.boot === round.boot) this.#statements.accuse(round.peer, true);
  }

  #isTarget(id: string): boolean {
    const peer = this.#core.members.get(id);
    return peer !== undefined && id !== this.#core.identity.id && isLive(peer.state);
  }
}
