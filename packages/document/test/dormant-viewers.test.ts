import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import fc from "fast-check";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
import { type DormantState, DormantViewers } from "../src/view/dormant-viewers.ts";
import { ViewerHandle } from "../src/view/viewer-handle.ts";
import { Bench, type FakeClient, isDormant, principalOf } from "./bench.ts";

const state = fc.record<DormantState>({
  viewSeq: fc.maxSafeNat(),
  viewSeqMax: fc.maxSafeNat(),
  hashDueAt: fc.maxSafeNat(),
  stateHash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((hash) => hash.toString(16).padStart(16, "0")),
  held: fc.oneof(fc.constant(undefined), fc.nat(), fc.array(fc.nat())),
  orders: fc.oneof(fc.constant(undefined), fc.constant(new Map())),
});

describe("rows of dormant viewers", () => {
  test("are what was put there, whoever comes and goes, and take no more room than they need", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(state, fc.nat(3)), { maxLength: 200 }), (steps) => {
        const dormant = new DormantViewers(() => {
          throw new Error("nobody wakes here");
        });
        const kept = new Map<ViewerHandle, DormantState>();
        for (const [index, [what, roll]] of steps.entries()) {
          const viewer = [...kept.keys()][index % Math.max(1, kept.size)];
          if (roll > 0 || viewer === undefined) {
            const added = new ViewerHandle(`v${index}`, principalOf("ann"), 1);
            dormant.add(added, what);
            kept.set(added, what);
          } else {
            expect(dormant.take(viewer)).toEqual(kept.get(viewer));
            expect(viewer.place).toBe(undefined);
            kept.delete(viewer);
          }
        }
        for (const [viewer, { viewSeq, stateHash }] of kept) {
          expect(dormant.confirms(viewer, viewSeq, stateHash)).toBe(true);
          expect(dormant.confirms(viewer, viewSeq + 1, stateHash)).toBe(false);
          expect(dormant.confirms(viewer, viewSeq, "0123456789abcdef")).toBe(stateHash === "0123456789abcdef");
        }
        for (const [viewer, what] of kept) {
          expect(dormant.capacity).toBeLessThanOrEqual(Math.max(16, dormant.size * 4));
          expect(dormant.take(viewer)).toEqual(what);
        }
        expect([dormant.size, dormant.capacity]).toEqual([0, kept.size > 0 || steps.length > 0 ? 16 : 0]);
      }),
    );
  });
});

const Text = z.object({ key: z.string(), text: z.string() });

/** Each record is seen by its owner; what is open, by everybody. */
const owned = defineDocument({
  space: "owned",
  createsOnDemand: true,
  state: {
    items: t.map(
      record({ owner: t.string(), text: t.string() }).visibleTo(
        (item, viewer) => item.owner === viewer.principal.agent,
      ),
    ),
    open: t.string(),
  },
  messages: (message) => ({
    fill: message(z.int(), (doc, count) => {
      for (let index = 0; index < count; index++) doc.items.set(`k${index}`, { owner: `v${index % 100}`, text: "a" });
    }),
    write: message(Text, (doc, { key, text }) => void (doc.items.get(key)!.text = text)),
    give: message(Text, (doc, { key, text }) => void (doc.items.get(key)!.owner = text)),
    open: message(z.string(), (doc, text) => void (doc.open = text)),
  }),
});

function watched(count: number, records = count): { readonly bench: Bench; readonly clients: readonly FakeClient[] } {
  const bench = new Bench(owned);
  bench.send("ann", "fill", records);
  const clients = Array.from({ length: count }, (_, index) => bench.attach(`v${index}`, { hashEvery: false }));
  bench.deliver();
  return { bench, clients };
}

function assertRight(bench: Bench, clients: readonly FakeClient[]): void {
  for (const { agent, view } of clients) expect([agent, view]).toEqual([agent, bench.get(agent).view]);
}

function dormantOf(clients: readonly FakeClient[]): number {
  return clients.filter(({ viewer }) => isDormant(viewer)).length;
}

describe("viewers who all differ, while nothing is due", () => {
  test("are dormant once they have their snapshot, and who is told something stays awake until its hash has gone", () => {
    const { bench, clients } = watched(20);
    expect(dormantOf(clients)).toBe(20);
    bench.send("ann", "write", { key: "k3", text: "b" });
    expect(clients.map(({ frames }) => frames.length)).toEqual(clients.map((_, index) => (index === 3 ? 2 : 1)));
    expect(dormantOf(clients)).toBe(19);
    // 2.5 s at 10 ms each.
    for (let count = 0; count < 250; count++) bench.deliver();
    expect(clients[3]!.last).toEqual({ "@s": 2, "@h": clients[3]!.hash });
    expect(dormantOf(clients)).toBe(20);
    assertRight(bench, clients);
  });

  test("are told what everybody is told, and of what becomes theirs or is theirs no longer", () => {
    const { bench, clients } = watched(20);
    bench.send("ann", "give", { key: "k3", text: "v4" });
    expect([clients[3]!.view["items"], clients[4]!.view["items"]]).toEqual([
      {},
      { k3: { owner: "v4", text: "a" }, k4: { owner: "v4", text: "a" } },
    ]);
    bench.send("ann", "open", "to all");
    for (const { view } of clients) expect(view["open"]).toBe("to all");
    assertRight(bench, clients);
  });

  test("hold many records, and know of each that they do", () => {
    const { bench, clients } = watched(100, 2_000);
    expect(dormantOf(clients)).toBe(100);
    const dormant = (clients[0]!.viewer as ViewerHandle).place as DormantViewers;
    expect([dormant.capacity, dormant.bitsBytes]).toEqual([128, 128 * 4 * Math.ceil(2_000 / 32)]);
    for (const client of clients) {
      expect(bench.instance.check(client.viewer, client.seq, client.hash)).toBe("match");
    }
    for (const key of ["k7", "k107", "k1907"]) bench.send("ann", "write", { key, text: "b" });
    expect(clients.map(({ frames }) => frames.length)).toEqual(clients.map((_, index) => (index === 7 ? 4 : 1)));
    expect(dormantOf(clients)).toBe(99);
    assertRight(bench, clients);
  });

  test("hold many records that go from one to another, and wake for each", () => {
    const random = new SeededRandom(11);
    const bench = new Bench(owned, { hashIntervalMs: 0 });
    bench.send("ann", "fill", 1_000);
    const clients = Array.from({ length: 12 }, (_, index) => bench.attach(`v${index}`, { hashEvery: false }));
    bench.deliver();
    let dormant = 0;
    for (let step = 0; step < 600; step++) {
      dormant += dormantOf(clients);
      const key = `k${random.below(1_000)}`;
      if (random.below(3) === 0) bench.send("ann", "write", { key, text: `t${step}` });
      else bench.send("ann", "give", { key, text: `v${random.below(12)}` });
      if (step % 100 === 99) assertRight(bench, clients);
    }
    expect(dormant).toBeGreaterThan(600);
    for (const { view } of clients) expect(Object.keys(view["items"] as object).length).toBeGreaterThan(20);
  });

  test("say what they hold without waking; what is wrong is repaired", () => {
    const { bench, clients } = watched(3);
    const [ann, bob] = clients as [FakeClient, FakeClient];
    expect(bench.instance.check(ann.viewer, ann.seq, ann.hash)).toBe("match");
    expect(isDormant(ann.viewer)).toBe(true);
    expect(bench.instance.check(bob.viewer, bob.seq, "0123456789abcdef")).toBe("mismatch");
    bench.deliver();
    expect(bob.frames.map(({ kind }) => kind)).toEqual(["snapshot", "snapshot"]);
    expect(dormantOf(clients)).toBe(3);
  });

  test("have credit, use it up, and get more", () => {
    const bench = new Bench(owned);
    bench.send("ann", "fill", 4);
    const [ann, bob] = [bench.attach("v0", { hashEvery: false, credit: 2 }), bench.attach("v1", { hashEvery: false })];
    bench.deliver();
    expect([isDormant(ann.viewer), ann.viewer.credit]).toEqual([true, 1]);
    bench.instance.grant(ann.viewer, -1);
    expect(ann.viewer.credit).toBe(0);
    bench.send("ann", "write", { key: "k0", text: "b" });
    expect(ann.frames.length).toBe(1);
    bench.instance.grant(ann.viewer, 1);
    bench.deliver();
    expect([ann.frames.length, ann.viewer.credit]).toEqual([2, 0]);
    assertRight(bench, [ann, bob]);
  });

  test("come back to what they held, and come twice", () => {
    const { bench, clients } = watched(4);
    const [left, ...others] = clients as [FakeClient, ...FakeClient[]];
    bench.disconnect(left);
    const back = bench.attach("v0", { hashEvery: false, resume: { seq: left.seq, hash: left.hash } });
    back.startFrom(left);
    const twice = bench.attach("v1", { hashEvery: false });
    bench.deliver();
    expect([back.last, twice.frames.map(({ kind }) => kind)]).toEqual([{ "@s": left.seq }, ["snapshot"]]);
    for (const key of ["k0", "k1"]) bench.send("ann", "write", { key, text: "b" });
    expect([back, twice, ...others].map(({ frames }) => frames.length)).toEqual([2, 2, 2, 1, 1]);
    assertRight(bench, [back, twice, ...others]);
  });

  test("give back what was kept of them when they leave", () => {
    const { bench, clients } = watched(1_000);
    const dormant = (clients[0]!.viewer as ViewerHandle).place as DormantViewers;
    expect([dormant.size, dormant.capacity]).toEqual([1_000, 1_024]);
    for (const client of clients.slice(10)) bench.instance.detach(client.viewer);
    expect([dormant.size, dormant.capacity]).toEqual([10, 32]);
    bench.deliver();
    bench.send("ann", "write", { key: "k5", text: "b" });
    assertRight(bench, clients.slice(0, 10));
    expect(clients[5]!.frames.length).toBe(2);
    bench.instance.execute({ kind: "delete", principal: principalOf("ann") }, bench.now);
    expect([dormant.size, dormant.capacity]).toEqual([0, 0]);
    expect(clients[0]!.viewer.credit).toBe(999_999);
  });
});
