import type { Ack, Nack, PingRequest } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import type { Deadline } from "./deadlines.ts";
import type { Prober } from "./prober.ts";

/**
 * The relay answers before the requester gives up, so that silence tells the requester something about itself.
 * At the end of its own timeout, as memberlist does it, the answer arrives when nobody waits any more.
 */
const NACK_AT_SHARE = 0.8;

interface Relay {
  readonly requester: string;
  readonly requesterSeq: number;
  readonly nack: Deadline;
  readonly forget: Deadline;
}

/** Indirect probes this node does for others. */
export class Relays {
  readonly #core: Core;
  readonly #prober: Prober;
  readonly #bySeq = new Map<number, Relay>();

  constructor(core: Core, prober: Prober) {
    this.#core = core;
    this.#prober = prober;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  requested(request: PingRequest, from: string): void {
    const core = this.#core;
    if (this.#bySeq.size >= core.settings.relaysMax) return core.metrics.faults.add(1, { reason: "relays" });
    // A requester cannot make this node remember for longer than its own rounds can last.
    const longestMs = core.settings.probeIntervalMs * (core.settings.localHealthMax + 1);
    const budgetMs = Math.min(request.budgetMs, longestMs);
    const seq = this.#prober.nextSeq();
    this.#bySeq.set(seq, {
      requester: from,
      requesterSeq: request.seq,
      nack: core.deadlines.arm(core.now + NACK_AT_SHARE * budgetMs, () => this.#silent(seq)),
      forget: core.deadlines.arm(core.now + budgetMs, () => this.#bySeq.delete(seq)),
    });
    const ping = this.#prober.ping(seq, request.targetId, request.targetBoot);
    core.send(request.targetAddress, [{ kind: "ping", value: ping }]);
  }

  acked(ack: Ack): boolean {
    const relay = this.#end(ack.seq);
    if (relay === undefined) return false;
    this.#core.send(relay.requester, [{ kind: "ack", value: { ...ack, seq: relay.requesterSeq } }]);
    return true;
  }

  nacked(nack: Nack): boolean {
    const relay = this.#end(nack.seq);
    if (relay === undefined) return false;
    this.#core.send(relay.requester, [{ kind: "nack", value: { ...nack, seq: relay.requesterSeq } }]);
    return true;
  }

  /** The target may still answer within the budget, so the relay stays open. */
  #silent(seq: number): void {
    const relay = this.#bySeq.get(seq);
    if (relay === undefined) return;
    const nack: Nack = { seq: relay.requesterSeq, reason: "silent", id: "", boot: 0 };
    this.#core.send(relay.requester, [{ kind: "nack", value: nack }]);
  }

  #end(seq: number): Relay | undefined {
    const relay = this.#bySeq.get(seq);
    relay?.nack.cancel();
    relay?.forget.cancel();
    this.#bySeq.delete(seq);
    return relay;
  }
}
