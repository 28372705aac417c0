import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { VirtualGroup } from "@tidewire/membership/simulation";
import type { GossipPart, SyncEntry, SyncResponse } from "@tidewire/protocol-routing";
import fc from "fast-check";
import { lanSettings } from "../src/settings.ts";
import { alive, dead, LoneMember, left, suspect } from "./support/lone-member.ts";
import { isLong } from "./support/long.ts";

const buckets = (value: number): number[] => Array.from({ length: 64 }, () => value);

function sync(me: LoneMember, buckets: readonly number[], version = 0): SyncResponse {
  const response = me.ask({
    kind: "sync",
    value: {
      label: "test",
      isJoin: false,
      sourceId: "x",
      sourceBoot: 1,
      protocolMin: 1,
      protocolMax: 1,
      version,
      buckets,
    },
  });
  if (response.kind !== "sync") throw new Error(`answered with ${response.kind}`);
  return response.value;
}

function push(me: LoneMember, entries: readonly SyncEntry[]): void {
  const request = { kind: "push", value: { label: "test", sourceId: "x", isNewcomer: false, entries } } as const;
  expect(me.ask(request).kind).toBe("pushed");
}

const entry = (id: string, overrides: Partial<SyncEntry> = {}): SyncEntry => ({
  id,
  boot: 500,
  incarnation: 1,
  severity: "alive",
  stamp: 1,
  ageMs: 0,
  record: alive(id).value,
  ...overrides,
});

describe("a sync", () => {
  test("ends after one round trip between equals, who then share the larger version", () => {
    const me = new LoneMember();
    const nothing = sync(me, buckets(0));
    expect(nothing).toMatchObject({ outcome: "differs", entries: [{ id: "me" }] });
    expect(sync(me, nothing.buckets, 17)).toMatchObject({ outcome: "same", entries: [] });
    expect(me.engine.view().stamp).toBe(17);
  });

  test("brings only the buckets that differ", () => {
    const me = new LoneMember();
    for (let index = 0; index < 40; index++) me.receive("p:1", alive(`m${index}`));
    const before = sync(me, buckets(0));
    me.receive("p:1", alive("m7", { incarnation: 2 }));
    const { outcome, entries } = sync(me, before.buckets);
    expect(outcome).toBe("differs");
    expect(entries.length).toBeLessThan(8);
    expect(entries).toContainEqual(expect.objectContaining({ id: "m7", incarnation: 2 }));
  });

  test("is refused to another group, to versions without overlap and to malformed digests", () => {
    const me = new LoneMember();
    const good = {
      label: "test",
      isJoin: true,
      sourceId: "x",
      sourceBoot: 1,
      protocolMin: 1,
      protocolMax: 1,
      version: 0,
      buckets: [],
    };
    for (const wrong of [
      { label: "other" },
      { protocolMin: 2, protocolMax: 3 },
      { isJoin: false, buckets: [1, 2, 3] },
    ]) {
      expect(me.ask({ kind: "sync", value: { ...good, ...wrong } })).toMatchObject({
        value: { outcome: "refused", entries: [] },
      });
    }
    expect(me.ask({ kind: "sync", value: good })).toMatchObject({ value: { outcome: "differs" } });
  });

  test("about a member held alive accuses, it does not bury", () => {
    const me = new LoneMember();
    me.receive("m:1", alive("m"));
    push(me, [entry("m", { severity: "dead", stamp: 9 })]);
    expect(me.health("m")).toBe("suspect");
  });

  test("tells of the dead and gone, but old tombstones raise no unknown name", () => {
    const me = new LoneMember();
    const third = lanSettings.tombstoneMs / 3;
    push(me, [
      entry("young", { severity: "dead", stamp: 4, ageMs: third - 1 }),
      entry("old", { severity: "dead", stamp: 5, ageMs: third + 1 }),
      entry("gone", { severity: "left", stamp: 6, ageMs: 5 }),
    ]);
    expect([me.health("young"), me.health("old"), me.health("gone")]).toEqual(["dead", undefined, "left"]);
    expect(me.engine.view().stamp).toBe(6);
  });

  test("about this member is refuted", () => {
    const me = new LoneMember();
    push(me, [entry("me", { boot: 1_000, severity: "dead", stamp: 30, record: undefined })]);
    expect(me.engine.member("me")).toMatchObject({ health: "alive", incarnation: 2, stamp: 31 });
  });

  test("is started when an acknowledgement shows another digest and gossip has had its time", () => {
    const group = new VirtualGroup({
      seed: 1,
      members: 3,
      settings: { ...lanSettings, syncIntervalMs: 3_600_000 },
    }).boot();
    group.run(30_000);
    const [one] = group.members;
    const { format } = new LoneMember();
    // A statement about a stranger that reached one member only, and is spent there.
    for (const part of [suspect("ghost"), dead("ghost")]) {
      one!.handle({ kind: "packet", from: "x:1", packet: format.packet([format.part(part)]) });
    }
    const others = group.members.slice(1);
    group.runUntil(
      () => others.every(({ id }) => group.healthOf(id, "ghost") === "dead"),
      20_000,
      "the ghost to be known",
    );
  });
});

describe("replicas that heard the same", () => {
  /** Statements that could really have been made: each member's own words are a function of (boot, incarnation). */
  const statement: fc.Arbitrary<GossipPart> = fc
    .record({
      id: fc.constantFrom("a", "b", "c"),
      boot: fc.constantFrom(500, 501),
      incarnation: fc.integer({ min: 1, max: 4 }),
      kind: fc.constantFrom("alive", "suspect", "dead", "left"),
      stamp: fc.integer({ min: 1, max: 30 }),
    })
    .map(({ id, boot, incarnation, kind, stamp }) => {
      const authored = incarnation + (boot - 500) * 10;
      if (kind === "alive") return alive(id, { boot, incarnation, stamp: authored, zone: `z${authored}` });
      if (kind === "suspect") return suspect(id, incarnation, boot);
      if (kind === "dead") return dead(id, incarnation, boot, stamp);
      return left(id, incarnation, boot, authored);
    });

  test("hold the same, with the same digest and version, after quiet and one exchange each way", () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 25 }), fc.integer(), (statements, shuffleSeed) => {
        const random = new SeededRandom(shuffleSeed);
        const replicas = [0, 1, 2].map(() => new LoneMember({ id: "me", lifecycle: "active" }));
        for (const replica of replicas) {
          const order = [...statements].sort(() => random.next() - 0.5);
          for (const part of order) replica.receive("x:1", part);
          // Gated obituaries become suspicions, which run out.
          replica.run(60_000);
        }
        exchangeAll(replicas);
        exchangeAll(replicas);
        const shown = replicas.map(({ engine }) =>
          engine
            .view()
            .members.filter(({ isSelf }) => !isSelf)
            .map(({ id, boot, incarnation, health, zone, stamp }) => ({ id, boot, incarnation, health, zone, stamp })),
        );
        expect(shown[1]).toEqual(shown[0]);
        expect(shown[2]).toEqual(shown[0]);
        expect(replicas[1]!.engine.view().stamp).toBe(replicas[0]!.engine.view().stamp);
      }),
      { numRuns: isLong ? 5_000 : 80 },
    );
  });

  function exchangeAll(replicas: readonly LoneMember[]): void {
    for (const from of replicas) {
      for (const to of replicas) {
        if (from !== to)
          push(
            to,
            sync(from, buckets(0xffff_ffff)).entries.filter(({ id }) => id !== "me"),
          );
      }
    }
    for (const replica of replicas) replica.run(60_000);
  }
});
