import { type MetricsSink, noLogger, noMetrics, SeededRandom } from "@tidewire/foundation";
import type { Alive, ExchangeRequest, ExchangeResponse, GossipPart } from "@tidewire/protocol-routing";
import type { MembershipIdentity } from "../../src/core.ts";
import type { MembershipEffect, MembershipEvent } from "../../src/events.ts";
import { GossipFormat } from "../../src/gossip-format.ts";
import { MembershipEngine } from "../../src/membership-engine.ts";
import { lanSettings, type MembershipSettings } from "../../src/settings.ts";

export interface Sent {
  readonly at: number;
  readonly to: string;
  readonly parts: readonly GossipPart[];
}

/** One engine alone: the test plays everyone else. Joined from the start unless told otherwise. */
export class LoneMember {
  readonly engine: MembershipEngine;
  readonly format = new GossipFormat();
  readonly sent: Sent[] = [];
  readonly effects: MembershipEffect[] = [];
  readonly requests: { readonly exchange: number; readonly to: string; readonly request: ExchangeRequest }[] = [];
  now = 0;
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    identity: Partial<MembershipIdentity> = {},
    settings: Partial<MembershipSettings> = {},
    join = true,
    metrics: MetricsSink = noMetrics,
  ) {
    this.engine = new MembershipEngine(
      {
        id: "me",
        boot: 1_000,
        role: "document-host",
        gossipAddress: "me:1",
        label: "test",
        meta: { linkAddress: "me:2", zone: "z", weight: 1 },
        allowBootstrap: true,
        ...identity,
      },
      { ...lanSettings, ...settings },
      { random: new SeededRandom(1), logger: noLogger, metrics },
    );
    if (join) this.handle({ kind: "start", seeds: [] });
  }

  handle(event: MembershipEvent): MembershipEffect[] {
    const effects = this.engine.handle(event, this.now);
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.kind === "wake") this.#wakeAt = effect.at;
      if (effect.kind === "send") {
        const fault = (): void => {
          throw new Error("sent a part that cannot be read");
        };
        this.sent.push({ at: this.now, to: effect.to, parts: this.format.readPacket(effect.packet, fault) });
      }
      if (effect.kind === "request") {
        this.requests.push({ exchange: effect.exchange, to: effect.to, request: this.format.readRequest(effect.body) });
      }
    }
    return effects;
  }

  receive(from: string, ...parts: GossipPart[]): void {
    this.handle({ kind: "packet", from, packet: this.format.packet(parts.map((part) => this.format.part(part))) });
  }

  ask(request: ExchangeRequest): ExchangeResponse {
    const body = this.format.request(request);
    for (const effect of this.handle({ kind: "request", exchange: 77, from: "asker:1", body })) {
      if (effect.kind === "reply") return this.format.readResponse(effect.body);
    }
    throw new Error("no reply");
  }

  answer(exchange: number, response: ExchangeResponse): void {
    this.handle({ kind: "response", exchange, body: this.format.response(response) });
  }

  /** Moves time, ticking whenever the engine asked to be woken. */
  run(forMs: number): void {
    const until = this.now + forMs;
    while (this.#wakeAt <= until) {
      this.now = Math.max(this.now, this.#wakeAt);
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.handle({ kind: "tick" });
    }
    this.now = until;
  }

  /** Parts of one kind sent so far, with their destination. */
  partsSent<Kind extends GossipPart["kind"]>(kind: Kind): { at: number; to: string; value: PartValue<Kind> }[] {
    return this.sent.flatMap(({ at, to, parts }) =>
      parts.filter((part) => part.kind === kind).map((part) => ({ at, to, value: part.value as PartValue<Kind> })),
    );
  }

  clear(): void {
    this.sent.length = 0;
    this.effects.length = 0;
    this.requests.length = 0;
  }

  health(id: string): string | undefined {
    return this.engine.member(id)?.health;
  }
}

type PartValue<Kind extends GossipPart["kind"]> = Extract<GossipPart, { kind: Kind }>["value"];

export function alive(id: string, overrides: Partial<Alive> = {}): { kind: "alive"; value: Alive } {
  return {
    kind: "alive",
    value: {
      id,
      boot: 500,
      incarnation: 1,
      gossipAddress: `${id}:1`,
      role: "document-host",
      zone: "z",
      weight: 1,
      linkAddress: `${id}:2`,
      lifecycle: "active",
      stamp: 1,
      protocolMin: 1,
      protocolMax: 1,
      ...overrides,
    },
  };
}

export function suspect(id: string, incarnation = 1, boot = 500, from = "accuser"): GossipPart {
  return { kind: "suspect", value: { id, boot, incarnation, from } };
}

export function dead(id: string, incarnation = 1, boot = 500, stamp = 2, from = "accuser"): GossipPart {
  return { kind: "dead", value: { id, boot, incarnation, from, stamp } };
}

export function left(id: string, incarnation = 1, boot = 500, stamp = 2): GossipPart {
  return { kind: "left", value: { id, boot, incarnation, stamp } };
}

export function ping(overrides: object = {}): GossipPart {
  const value = { seq: 9, targetId: "me", targetBoot: 1_000, sourceId: "you", sourceBoot: 500, digest: 0, version: 0 };
  return { kind: "ping", value: { ...value, localHealth: 0, ...overrides } };
}
