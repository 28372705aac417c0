import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import type { GossipPart } from "@tidewire/protocol-routing";
import fc from "fast-check";
import { alive, dead, LoneMember, left, ping, suspect } from "./support/lone-member.ts";
import { isLong } from "./support/long.ts";

const parts: readonly GossipPart[] = [
  ping(),
  { kind: "ack", value: { seq: 1, boot: 5, digest: 6, version: 7, lagMs: 8, keyIds: [1, 2] } },
  {
    kind: "pingRequest",
    value: { seq: 1, targetId: "m", targetBoot: 5, targetAddress: "m:1", budgetMs: 50, sourceId: "q", sourceBoot: 4 },
  },
  { kind: "nack", value: { seq: 1, reason: "identity", id: "z", boot: 3 } },
  alive("m"),
  suspect("m"),
  dead("m"),
  left("n"),
  { kind: "conflict", value: { id: "z", boot: 9, gossipAddress: "z:1" } },
];

/** Sizes that any flood of input could drive up. */
function expectBounded(me: LoneMember): void {
  const { members, queued, timers, suspicions, relays, exchanges } = me.engine.sizes;
  expect(members).toBeLessThanOrEqual(50);
  expect(queued).toBeLessThanOrEqual(4_096);
  expect(suspicions).toBeLessThanOrEqual(50);
  expect(relays).toBeLessThanOrEqual(16);
  expect(exchanges).toBeLessThanOrEqual(128);
  expect(timers).toBeLessThanOrEqual(500);
}

describe("bytes that are no packet", () => {
  test("never throw, never stop the member, never grow it without bound", () => {
    const random = new SeededRandom(20_240);
    const me = new LoneMember({}, { membersMax: 50, relaysMax: 16 });
    const rounds = isLong ? 1_000_000 : 20_000;
    for (let round = 0; round < rounds; round++) {
      const chosen = Array.from({ length: 1 + random.below(4) }, () => parts[random.below(parts.length)]!);
      const packet = Uint8Array.from(me.format.packet(chosen.map((part) => me.format.part(part))));
      for (let flips = random.below(4); flips > 0; flips--)
        packet[random.below(packet.length)]! ^= 1 << random.below(8);
      const cut = random.below(4) === 0 ? packet.subarray(0, random.below(packet.length + 1)) : packet;
      const bytes =
        random.below(50) === 0 ? Uint8Array.from({ length: random.below(64) }, () => random.below(256)) : cut;
      const kind = random.below(5);
      if (kind === 0) me.handle({ kind: "request", exchange: round, from: "x:1", body: bytes });
      else if (kind === 1 && me.requests.length > 0)
        me.handle({ kind: "response", exchange: me.requests.at(-1)!.exchange, body: bytes });
      else me.handle({ kind: "packet", from: "x:1", packet: bytes });
      if (round % 20 === 0) me.run(random.below(500));
      if (round % 500 === 0) {
        expectBounded(me);
        me.clear();
      }
    }
    expectBounded(me);
    // Bits can spell "a newer process has your name"; anything else must leave it working.
    if (me.effects.some((effect) => effect.kind === "evicted")) return;
    me.clear();
    me.receive("p:1", ping({ targetId: "me", targetBoot: me.engine.boot }));
    expect(me.partsSent("ack").length + me.partsSent("nack").length).toBe(1);
  });

  test("arbitrary bytes are refused without a trace", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const me = new LoneMember();
        const { digest } = me.engine;
        me.handle({ kind: "request", exchange: 1, from: "x:1", body: bytes });
        expect(me.engine.digest).toBe(digest);
      }),
    );
  });

  test("a part of a newer protocol is skipped, its neighbours count", () => {
    const me = new LoneMember();
    const unknown = Uint8Array.of(200, 1, 2, 3);
    const longer = Uint8Array.from([...me.format.part(suspect("m")), 9, 9, 9]);
    me.handle({ kind: "packet", from: "x:1", packet: me.format.packet([unknown, longer, me.format.part(alive("n"))]) });
    expect(me.health("m")).toBe("suspect");
    expect(me.health("n")).toBe("alive");
  });

  test("no packet exceeds its budget, however long the names", () => {
    const me = new LoneMember({}, { packetMaxBytes: 1_155 });
    const long = (index: number) => `${"n".repeat(58)}${index}`;
    for (let index = 0; index < 40; index++) {
      me.receive(
        "x:1",
        alive(long(index), {
          gossipAddress: `${"h".repeat(120)}:1`,
          linkAddress: "l".repeat(256),
          zone: "z".repeat(64),
        }),
      );
    }
    me.run(30_000);
    const sizes = me.effects.flatMap((effect) => (effect.kind === "send" ? [effect.packet.length] : []));
    expect(sizes.length).toBeGreaterThan(20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_155);
    expect(Math.max(...sizes)).toBeGreaterThan(500);
  });
});
