import { describe, expect, test } from "@jest/globals";
import { ManualClock, noLogger, noMetrics } from "@tidewire/foundation";
import type { Member, MembershipView } from "@tidewire/membership";
import { VirtualGroup } from "@tidewire/membership/simulation";
import { type RoutingTable, RoutingTableCodec } from "@tidewire/protocol-routing";
import { Reader, Writer } from "@tidewire/wire";
import fc from "fast-check";
import { DerivedTable } from "../src/derived-table.ts";
import { defaultFreeze, MassLossFreeze } from "../src/mass-loss-freeze.ts";
import { compareTables, deriveTable } from "../src/routing-table.ts";
import { member, tableOf, viewOf } from "./support/tables.ts";

function bytesOf(table: RoutingTable): string {
  const writer = new Writer();
  RoutingTableCodec.encode(writer, table);
  return Buffer.from(writer.written()).toString("hex");
}

const anyMember: fc.Arbitrary<Member> = fc
  .record({
    id: fc.stringMatching(/^[a-z]{1,3}$/),
    health: fc.constantFrom<Member["health"]>("alive", "suspect", "dead", "left"),
    lifecycle: fc.constantFrom<Member["lifecycle"]>("joining", "active", "draining"),
    role: fc.constantFrom("document-host", "routing-table", ""),
    weight: fc.integer({ min: 1, max: 16 }),
    boot: fc.nat(),
  })
  .map(({ id, ...rest }) => member(id, rest));

describe("a table", () => {
  test("holds the hosts that live, with what they say of themselves, sorted", () => {
    const view = viewOf(
      [
        member("d", { health: "dead" }),
        member("c", { health: "suspect", lifecycle: "draining", weight: 3, boot: 7 }),
        member("a", { lifecycle: "joining" }),
        member("l", { health: "left" }),
        member("t", { role: "routing-table" }),
        member("unknown", { role: "", linkAddress: "" }),
      ],
      42,
    );
    const table = deriveTable(view, 3);
    expect(table).toMatchObject({ epoch: 3, version: 42, isFrozen: false });
    expect(table.hosts).toEqual([
      { id: "a", address: "a:7100", zone: "z", weight: 1, state: "joining", boot: 1 },
      { id: "c", address: "c:7100", zone: "z", weight: 3, state: "draining", boot: 7 },
    ]);
    expect(table.digest).toMatch(/^[0-9a-f]{16}$/);
  });

  test("is the same bytes for the same members in any order, and survives the wire", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyMember, { selector: ({ id }) => id, maxLength: 12 }),
        fc.nat(),
        (members, stamp) => {
          const table = deriveTable(viewOf(members, stamp), 1);
          const reversed = deriveTable(viewOf([...members].reverse(), stamp), 1);
          expect(bytesOf(reversed)).toBe(bytesOf(table));
          const back = RoutingTableCodec.decode(new Reader(Buffer.from(bytesOf(table), "hex")));
          expect(back).toEqual(table);
        },
      ),
    );
  });

  test("gets another digest with any change a reader could notice, and none with others", () => {
    const digestWith = (overrides: Partial<Member>): string => deriveTable(viewOf([member("a", overrides)]), 1).digest;
    const base = digestWith({});
    for (const change of [
      { boot: 2 },
      { zone: "y" },
      { weight: 2 },
      { lifecycle: "draining" },
      { linkAddress: "b:1" },
    ] as const) {
      expect(digestWith(change)).not.toBe(base);
    }
    expect(digestWith({ health: "suspect", incarnation: 9, stamp: 5, keyIds: [3] })).toBe(base);
  });

  test("is superseded by a higher epoch, then by a higher version", () => {
    const [low, high] = [tableOf([], { epoch: 1, version: 90 }), tableOf([], { epoch: 2, version: 1 })];
    expect(compareTables(high, low)).toBeGreaterThan(0);
    expect(compareTables(low, tableOf([], { epoch: 1, version: 89 }))).toBeGreaterThan(0);
    expect(compareTables(low, tableOf([], { epoch: 1, version: 90 }))).toBe(0);
  });

  test("is the same on every node of a group once it is quiet, through crashes and a split", () => {
    const group = new VirtualGroup({ seed: 5, members: 8 });
    group.boot().run(20_000);
    group.member("m3").crash();
    group.run(40_000);
    group.member("m3").start();
    group.run(40_000);
    const tables = group.members.map(({ engine }) => bytesOf(deriveTable(engine.view(), 1)));
    expect(new Set(tables).size).toBe(1);
    expect(
      deriveTable(group.members[0]!.engine.view(), 1).hosts.filter(({ state }) => state === "active"),
    ).toHaveLength(8);
  });
});

describe("the freeze", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  const view = (overrides: Record<string, Partial<Member>> = {}): MembershipView =>
    viewOf(ids.map((id) => member(id, overrides[id] ?? {})));
  const dead = (...gone: string[]): Record<string, Partial<Member>> =>
    Object.fromEntries(gone.map((id) => [id, { health: "dead" as const }]));

  test("begins with more than a third of the hosts lost within half a minute, and ends after a minute", () => {
    const freeze = new MassLossFreeze();
    expect(freeze.observe(view(), 0)).toBe(false);
    expect(freeze.observe(view(dead("a")), 1_000)).toBe(false);
    expect(freeze.observe(view(dead("a", "b")), 2_000)).toBe(false);
    expect(freeze.observe(view(dead("a", "b", "c")), 30_500)).toBe(true);
    expect(freeze.observe(view(dead("a", "b", "c")), 90_499)).toBe(true);
    expect(freeze.frozenUntil).toBe(90_500);
    expect(freeze.observe(view(dead("a", "b", "c")), 90_500)).toBe(false);
    expect(freeze.observe(view(dead("a", "b", "c")), 90_600)).toBe(false);
  });

  test("that was waited out is over: the same hosts are no new loss when another one goes", () => {
    const freeze = new MassLossFreeze({ ...defaultFreeze, holdMs: 5_000 });
    freeze.observe(view(), 0);
    expect(freeze.observe(view(dead("a", "b", "c")), 10)).toBe(true);
    expect(freeze.observe(view(dead("a", "b", "c")), 5_010)).toBe(false);
    expect(freeze.observe(view(dead("a", "b", "c", "d")), 5_020)).toBe(false);
  });

  test("does not begin with losses spread over time", () => {
    const freeze = new MassLossFreeze();
    freeze.observe(view(), 0);
    expect(freeze.observe(view(dead("a")), 1_000)).toBe(false);
    expect(freeze.observe(view(dead("a", "b")), 40_000)).toBe(false);
    expect(freeze.observe(view(dead("a", "b", "c")), 80_000)).toBe(false);
  });

  test("does not begin with one of two hosts lost, nor with leaving and draining", () => {
    const freeze = new MassLossFreeze();
    freeze.observe(viewOf([member("a"), member("b")]), 0);
    expect(freeze.observe(viewOf([member("a"), member("b", { health: "dead" })]), 10)).toBe(false);
    const orderly = new MassLossFreeze();
    orderly.observe(view(), 0);
    const leaving = Object.fromEntries(ids.slice(1).map((id) => [id, { lifecycle: "draining" as const }]));
    expect(orderly.observe(view(leaving), 10)).toBe(false);
    const gone = Object.fromEntries(ids.slice(1).map((id) => [id, { health: "left" as const }]));
    expect(orderly.observe(view(gone), 20)).toBe(false);
  });

  test("ends as soon as the lost are back at work; probation does not count as back", () => {
    const freeze = new MassLossFreeze();
    freeze.observe(view(), 0);
    expect(freeze.observe(view(dead("a", "b", "c", "d")), 10)).toBe(true);
    const pardoned = Object.fromEntries(["a", "b", "c", "d"].map((id) => [id, { lifecycle: "joining" as const }]));
    expect(freeze.observe(view(pardoned), 20)).toBe(true);
    expect(freeze.observe(view(), 30)).toBe(false);
    expect(freeze.frozenUntil).toBeUndefined();
  });

  test("counts being sent back to joining as a loss: after a healed split whole halves are", () => {
    const freeze = new MassLossFreeze();
    freeze.observe(view(), 0);
    const pardoned = Object.fromEntries(ids.map((id) => [id, { lifecycle: "joining" as const }]));
    expect(freeze.observe(view(pardoned), 20)).toBe(true);
  });

  test("can be switched off", () => {
    const freeze = new MassLossFreeze({ ...defaultFreeze, lostShare: 1 });
    freeze.observe(view(), 0);
    expect(freeze.observe(view(dead(...ids)), 10)).toBe(false);
  });
});

describe("a derived table", () => {
  function derived() {
    const clock = new ManualClock();
    const source = new DerivedTable({ clock, logger: noLogger, metrics: noMetrics }, { epoch: 1 });
    const shown: RoutingTable[] = [];
    source.onTable((table) => shown.push(table));
    return { clock, source, shown };
  }
  const hosts = (...ids: string[]): Member[] => ids.map((id) => member(id));

  test("shows the first change at once and those of the next 100 ms as one", () => {
    const { clock, source, shown } = derived();
    expect(source.table).toBeUndefined();
    source.update(viewOf(hosts("a"), 1));
    expect(shown.map(({ version }) => version)).toEqual([1]);
    source.update(viewOf(hosts("a", "b"), 2));
    source.update(viewOf(hosts("a", "b", "c"), 3));
    clock.advance(99);
    expect(shown).toHaveLength(1);
    clock.advance(1);
    expect(shown.map(({ version }) => version)).toEqual([1, 3]);
    clock.advance(500);
    source.update(viewOf(hosts("a", "b", "c"), 3));
    expect(shown).toHaveLength(2);
    source.update(viewOf(hosts("a", "b", "c"), 4));
    clock.advance(100);
    expect(shown.map(({ version }) => version)).toEqual([1, 3, 4]);
  });

  test("keeps the last table through a mass loss, marked, and shows the truth after a minute", () => {
    const { clock, source, shown } = derived();
    source.update(viewOf(hosts("a", "b", "c"), 5));
    clock.advance(1_000);
    const lost = [member("a"), member("b", { health: "dead" }), member("c", { health: "dead" })];
    source.update(viewOf(lost, 7));
    expect(source.table).toMatchObject({ version: 5, isFrozen: true });
    expect(source.table?.hosts).toHaveLength(3);
    clock.advance(30_000);
    source.update(viewOf(lost, 8));
    clock.advance(29_999);
    expect(source.table).toMatchObject({ version: 5, isFrozen: true });
    clock.advance(1);
    expect(source.table).toMatchObject({ version: 8, isFrozen: false });
    expect(source.table?.hosts.map(({ id }) => id)).toEqual(["a"]);
    expect(shown.map(({ version, isFrozen }) => [version, isFrozen])).toEqual([
      [5, false],
      [5, true],
      [8, false],
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("says nothing more once stopped", () => {
    const { clock, source, shown } = derived();
    source.update(viewOf(hosts("a"), 1));
    source.update(viewOf(hosts("b"), 2));
    source.stop();
    source.update(viewOf(hosts("c"), 3));
    clock.advance(10_000);
    expect(shown).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
