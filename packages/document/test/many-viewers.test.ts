import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
import { Bench, type FakeClient } from "./bench.ts";

const owned = (onPolicy: () => void = () => {}) =>
  defineDocument({
    space: "owned",
    createsOnDemand: true,
    state: {
      items: t.map(
        record({ owner: t.string(), count: t.int() }).visibleTo((item, viewer) => {
          onPolicy();
          return item.owner === viewer.principal.agent;
        }),
      ),
      names: t.map(t.string()),
    },
    messages: (message) => ({
      fill: message(z.int(), (doc, count) => {
        for (let index = 0; index < count; index++) doc.items.set(`k${index}`, { owner: `v${index}`, count: 0 });
      }),
      count: message(z.string(), (doc, key) => void doc.items.get(key)!.count++),
      give: message(z.object({ key: z.string(), owner: z.string() }), (doc, { key, owner }) => {
        doc.items.get(key)!.owner = owner;
      }),
      remove: message(z.string(), (doc, key) => void doc.items.delete(key)),
      name: message(z.string(), (doc, text) => {
        for (let index = 0; index < 500; index++) doc.names.set(`n${index}`, text);
      }),
      unname: message((doc) => doc.names.clear()),
    }),
  });

interface Watched {
  readonly bench: Bench;
  readonly clients: FakeClient[];
  /** Runs of the policy since the last call. */
  readonly runs: () => number;
}

/** As many viewers as records, each with one of its own. */
function watched(count: number): Watched {
  let runs = 0;
  const bench = new Bench(owned(() => runs++));
  bench.send("ann", "fill", count);
  const clients = Array.from({ length: count }, (_, index) => bench.connect(`v${index}`, { hashEvery: false }));
  const taken = (): number => {
    const since = runs;
    runs = 0;
    return since;
  };
  return { bench, clients, runs: taken };
}

function assertRight({ bench, clients }: Watched): void {
  for (const { agent, view } of clients) expect([agent, view]).toEqual([agent, bench.get(agent).view]);
}

describe("many viewers who all differ", () => {
  test("a change of what no policy reads is brought to those who hold it, and nobody else is looked at", () => {
    const all = watched(60);
    const { bench, clients, runs } = all;
    runs();
    const before = clients.map(({ frames }) => frames.length);
    bench.send("ann", "count", "k7");
    expect(runs()).toBeLessThanOrEqual(2);
    const came = clients.map(({ frames }, index) => frames.length - before[index]!);
    expect(came).toEqual(clients.map((_, index) => (index === 7 ? 1 : 0)));
    assertRight(all);
  });

  test("one that policies read is looked at for all, and the new holder is known from then on", () => {
    const all = watched(60);
    const { bench, clients, runs } = all;
    bench.send("ann", "give", { key: "k7", owner: "v8" });
    assertRight(all);
    expect(clients[7]!.view["items"]).toEqual({});
    runs();
    bench.send("ann", "count", "k7");
    expect(runs()).toBeLessThanOrEqual(2);
    expect(clients[8]!.view["items"]).toMatchObject({ k7: { count: 1 } });
    bench.send("ann", "remove", "k7");
    assertRight(all);
  });

  test("who has no credit is brought forward when it has some, from where it was", () => {
    const all = watched(10);
    const { bench, clients } = all;
    const slow = clients[3]!;
    bench.instance.grant(slow.viewer, -slow.viewer.credit);
    for (const key of ["k3", "k4", "k3"]) bench.send("ann", "count", key);
    expect(slow.view["items"]).toMatchObject({ k3: { count: 0 } });
    bench.instance.grant(slow.viewer, 5);
    bench.deliver();
    expect(slow.view["items"]).toMatchObject({ k3: { count: 2 } });
    bench.send("ann", "count", "k3");
    expect(slow.viewer.credit).toBe(3);
    assertRight(all);
  });

  test("those who come, leave and come again hold what is there", () => {
    const all = watched(10);
    const { bench, clients } = all;
    for (let round = 0; round < 5; round++) {
      const [gone] = clients.splice(2, 1);
      bench.disconnect(gone!);
      for (const key of ["k2", "k5"]) bench.send("ann", "count", key);
      clients.splice(2, 0, bench.connect("v2", { hashEvery: false }));
      bench.send("ann", "count", "k2");
      assertRight(all);
    }
  });

  test("what they have in common is not sent as a delta that is larger than the snapshot", () => {
    const all = watched(4);
    const { bench, clients } = all;
    bench.send("ann", "name", "x");
    for (const { viewer } of clients) bench.instance.grant(viewer, -viewer.credit);
    // 500 entries go: to say so of each takes more than the whole view.
    bench.send("ann", "unname");
    for (const { viewer } of clients) bench.instance.grant(viewer, 5);
    bench.deliver();
    const whole = bench.connect("v0").frames[0]!;
    for (const { frames } of clients) expect(frames.at(-1)!.data.length).toBeLessThanOrEqual(whole.data.length);
    assertRight(all);
  });

  test("what they have in common is too large for a view: their streams end, and the document goes on", () => {
    const bench = new Bench(owned(), { viewMaxBytes: 8_000 });
    bench.send("ann", "fill", 3);
    for (const agent of ["v0", "v1", "v2"]) bench.connect(agent, { hashEvery: false });
    bench.send("ann", "count", "k0");
    bench.send("ann", "name", "x".repeat(1_000));
    expect(bench.failures.flatMap(({ agents }) => agents).sort()).toEqual(["v0", "v1", "v2"]);
    expect(new Set(bench.failures.map(({ code }) => code))).toEqual(new Set(["limit_exceeded"]));
    bench.send("ann", "unname");
    expect(bench.connect("v1").view["items"]).toMatchObject({ k1: { count: 0 } });
  });

  test("a view that is too large for some leaves nothing with those who are behind", () => {
    const Note = record({ text: t.string() }).visibleTo((_note, _viewer, doc) => (doc as { open: boolean }).open);
    const bench = new Bench(
      defineDocument({
        space: "many",
        createsOnDemand: true,
        state: { text: t.string(), open: t.boolean(), notes: t.table(Note) },
        messages: (message) => ({
          begin: message((doc) => {
            doc.open = true;
            doc.notes.insert({ text: "told while it was open" });
          }),
          close: message((doc) => {
            doc.open = false;
            doc.text = "x".repeat(10_000);
          }),
          shrink: message((doc) => void (doc.text = "")),
        }),
      }),
      { viewMaxBytes: 8_000 },
    );
    bench.send("ann", "begin");
    const behind = bench.connect("ann", { credit: 1 });
    const upToDate = bench.connect("ann");
    bench.send("ann", "close");
    expect(bench.failures).toEqual([{ agents: ["ann"], code: "limit_exceeded" }]);
    expect(upToDate.view["notes"]).toHaveLength(1);
    bench.send("ann", "shrink");
    bench.instance.grant(behind.viewer, 8);
    bench.deliver();
    expect(behind.view).toEqual(bench.get("ann").view);
    expect(behind.view["notes"] ?? []).toEqual([]);
  });
});
