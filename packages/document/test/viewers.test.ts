import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { conformanceDocument, defineDocument, type Frame, record, t } from "../src/index.ts";
import { Bench, type FakeClient, messageOf, principalOf } from "./bench.ts";

function begin(): Bench {
  const bench = new Bench(conformanceDocument);
  bench.send("alice", "add", { by: 1 });
  return bench;
}

const kinds = (client: FakeClient): string[] => client.frames.map(({ kind }) => kind);

describe("credit", () => {
  test("without it nothing is sent; with it one merged delta, whatever has happened", () => {
    const bench = begin();
    const slow = bench.connect("bob", { credit: 0 });
    expect(slow.frames).toEqual([]);
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(kinds(slow)).toEqual(["snapshot"]);
    for (let count = 0; count < 50; count++) bench.send("alice", "put", { k: `k${count % 7}`, v: `v${count}` });
    expect(slow.frames.length).toBe(1);
    bench.instance.grant(slow.viewer, 5);
    bench.deliver();
    bench.deliver();
    expect(kinds(slow)).toEqual(["snapshot", "delta"]);
    expect(slow.viewer.credit).toBe(4);
    expect(slow.view).toEqual(bench.get("bob").view);
  });

  test("a commit that changes nothing for a viewer costs it nothing", () => {
    const bench = begin();
    const bob = bench.connect("bob", { credit: 10 });
    const { credit } = bob.viewer;
    bench.send("alice", "deal", { holder: "alice", rank: 1, secret: true });
    expect(bob.viewer.credit).toBe(credit);
  });

  test("those who fell behind at the same moment are brought forward together", () => {
    const bench = begin();
    const all = ["bob", "bob", "bob"].map((agent) => bench.connect(agent, { credit: 1 }));
    bench.send("alice", "add", { by: 1 });
    bench.send("alice", "add", { by: 1 });
    for (const client of all) bench.instance.grant(client.viewer, 1);
    bench.deliver();
    expect(new Set(all.map((client) => client.frames.at(-1))).size).toBe(1);
    expect(all[0]!.view["value"]).toBe(3);
  });

  test("what a slow viewer is sent is never larger than the snapshot", () => {
    const bench = begin();
    const slow = bench.connect("bob", { credit: 1 });
    for (let count = 0; count < 400; count++) bench.send("alice", "put", { k: `key${count}`, v: "x".repeat(50) });
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    for (let count = 0; count < 395; count++) bench.send("alice", "remove", { k: `key${count}` });
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    const whole = bench.connect("bob").frames[0]!;
    expect(slow.frames.at(-1)!.data.length).toBeLessThanOrEqual(whole.data.length);
    expect(slow.view).toEqual(bench.get("bob").view);
  });
});

describe("view state", () => {
  const map = defineDocument({
    space: "map",
    createsOnDemand: true,
    viewState: z.object({ near: z.int() }),
    state: {
      places: t.table(
        record({ at: t.int() }).visibleTo(
          (place, viewer) => Math.abs(place.at - (viewer.viewState as { near: number }).near) < 3,
        ),
      ),
    },
    views: { near: (_doc, _viewer, viewState) => viewState?.near },
    messages: (message) => ({ build: message(t.int(), (doc, at) => void doc.places.insert({ at })) }),
  });

  test("decides what is seen, and changes without a commit", () => {
    const bench = new Bench(map);
    for (let at = 0; at < 10; at++) bench.send("ann", "build", at);
    const bob = bench.connect("bob", { viewState: { near: 1 } });
    const ats = (): number[] => (bob.view["places"] as { at: number }[]).map(({ at }) => at);
    expect(ats()).toEqual([0, 1, 2, 3]);
    expect(bob.view["near"]).toBe(1);
    const { seq } = bob;
    bench.instance.updateViewState(bob.viewer, '{"near":3}');
    bench.deliver();
    expect(ats()).toEqual([1, 2, 3, 4, 5]);
    expect(kinds(bob).at(-1)).toBe("delta");
    expect(bob.seq).toBe(seq);
    bench.send("ann", "build", 4);
    expect(ats()).toEqual([1, 2, 3, 4, 5, 4]);
  });

  test("a client that says nothing is hidden what asks for it, and a wrong one is refused", () => {
    const bench = new Bench(map);
    bench.send("ann", "build", 1);
    expect(bench.connect("bob").view["places"]).toEqual([]);
    expect(bench.faults.length).toBeGreaterThan(0);
    const bob = bench.connect("bob", { viewState: { near: 1 } });
    for (const text of ["{", '{"near":"x"}', "null"]) {
      expect(() => bench.instance.updateViewState(bob.viewer, text)).toThrow(
        expect.objectContaining({ code: "invalid_argument" }),
      );
    }
    expect(() => bench.attach("bob", { viewState: 5 })).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(bob.view["places"]).toHaveLength(1);
  });

  test("is JSON even where nobody reads it", () => {
    const bench = begin();
    const bob = bench.connect("bob", { viewState: { anything: [1] } });
    bench.instance.updateViewState(bob.viewer, "{}");
    expect(() => bench.instance.updateViewState(bob.viewer, "{")).toThrow();
    bench.deliver();
    expect(bob.frames.length).toBe(1);
  });
});

describe("viewers who differ", () => {
  const Row = record({ owner: t.string(), n: t.int() }).visibleTo(
    (row, viewer) => row.owner === viewer.principal.agent,
  );
  const mixed = defineDocument({
    space: "mixed",
    createsOnDemand: true,
    state: { count: t.int(), names: t.map(t.string()), rows: t.table(Row) },
    views: { mine: (doc, viewer) => doc.rows.where({ owner: viewer.principal.agent }).count() },
    messages: (message) => ({
      count: message((doc) => void doc.count++),
      insert: message(t.string(), (doc, owner) => void doc.rows.insert({ owner, n: 1 })),
      both: message(t.string(), (doc, owner) => {
        doc.names.set(owner, "named");
        doc.rows.insert({ owner, n: 2 });
      }),
      move: message(t.string(), (doc, id) => doc.rows.move(id)),
    }),
  });

  function connected(): { bench: Bench; clients: FakeClient[] } {
    const bench = new Bench(mixed);
    bench.send("ann", "insert", "ann");
    const clients = ["ann", "bob", "cid", "dan"].map((agent) => bench.connect(agent, { hashEvery: false, credit: 20 }));
    return { bench, clients };
  }

  test("share the frame of what is the same for all", () => {
    const { bench, clients } = connected();
    const { seq } = bench.send("ann", "count") as { seq: number };
    expect(new Set(clients.map((client) => client.frames.at(-1))).size).toBe(1);
    expect(clients.map((client) => client.last)).toEqual(clients.map(() => ({ "@s": seq, count: 1 })));
    for (const client of clients) expect(client.view).toEqual(bench.get(client.agent).view);
    expect(clients.map(({ seq }) => seq)).toEqual(clients.map(({ agent }) => bench.get(agent).seq));
  });

  test("and get their own with it", () => {
    const { bench, clients } = connected();
    const [ann, bob, cid] = clients as [FakeClient, FakeClient, FakeClient];
    const { seq } = bench.send("ann", "both", "bob") as { seq: number };
    expect(bob.last).toEqual({
      "@s": seq,
      names: { bob: "named" },
      rows: { "2": { id: "2", n: 2, owner: "bob" }, "@o": ["2"] },
      mine: 1,
    });
    expect(ann.last).toEqual({ "@s": seq, names: { bob: "named" } });
    expect(cid.frames.at(-1)).toBe(ann.frames.at(-1));
    for (const client of clients) expect(client.view).toEqual(bench.get(client.agent).view);
  });

  test("with the seq of the newest of both", () => {
    const { bench, clients } = connected();
    bench.instance.execute(messageOf("ann", "insert", "bob"), bench.now);
    bench.send("ann", "count");
    for (const client of clients) {
      expect(client.seq).toBe(bench.instance.seq);
      expect(client.view).toEqual(bench.get(client.agent).view);
    }
  });

  test("each by its own credit", () => {
    const { bench, clients } = connected();
    const slow = bench.connect("eve", { hashEvery: false, credit: 1 });
    const frames = slow.frames.length;
    bench.send("ann", "count");
    bench.send("ann", "insert", "eve");
    bench.send("ann", "count");
    expect(slow.frames.length).toBe(frames);
    expect(slow.viewer.credit).toBe(0);
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.view).toEqual(bench.get("eve").view);
    expect(slow.seq).toBe(bench.get("eve").seq);
    for (const client of clients) expect(client.view).toEqual(bench.get(client.agent).view);
  });

  test("also when one of two of the same is behind", () => {
    const { bench, clients } = connected();
    const [ann] = clients as [FakeClient];
    const behind = bench.connect("ann", { hashEvery: false, credit: 1 });
    bench.send("bob", "count");
    bench.send("bob", "count");
    bench.instance.grant(behind.viewer, 9);
    bench.deliver();
    bench.send("bob", "count");
    expect(behind.view).toEqual(ann.view);
    expect(behind.frames.at(-1)).toBe(ann.frames.at(-1));
    expect(ann.view).toEqual(bench.get("ann").view);
  });

  test("and see a record of theirs move when nothing else has changed", () => {
    const { bench, clients } = connected();
    const [ann, bob] = clients as [FakeClient, FakeClient];
    bench.send("bob", "insert", "ann");
    const frames = bob.frames.length;
    bench.send("bob", "move", "1");
    expect((ann.view["rows"] as { id: string }[]).map(({ id }) => id)).toEqual(["2", "1"]);
    expect(bob.frames.length).toBe(frames);
  });
});

describe("viewers come and go", () => {
  test("a detached viewer gets nothing more, and detaching twice is harmless", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.instance.detach(bob.viewer);
    bench.instance.detach(bob.viewer);
    bench.instance.resync(bob.viewer);
    bench.instance.grant(bob.viewer, 5);
    bench.send("alice", "add", { by: 1 });
    expect(bob.frames.length).toBe(1);
    expect(bench.instance.viewerCount).toBe(0);
    expect(bench.instance.check(bob.viewer, 1, "")).toBe("unverifiable");
  });

  test("there are at most so many", () => {
    const bench = new Bench(conformanceDocument, { viewersMax: 2 });
    bench.connect("a");
    bench.connect("b");
    expect(() => bench.attach("c")).toThrow(expect.objectContaining({ code: "limit_exceeded" }));
    expect(bench.clients[0]!.view["present"]).toEqual(["a", "b"]);
  });

  test("a sink may end streams while it is called", () => {
    const bench = begin();
    const viewers = ["a", "b", "c"].map((agent) =>
      bench.instance.attach({ id: agent, principal: principalOf(agent), hashEvery: false, credit: 5 }),
    );
    const frames: Frame[] = [];
    bench.instance.deliver(1, (to, frame) => {
      frames.push(frame);
      for (const viewer of to) bench.instance.detach(viewer);
    });
    expect(frames.length).toBe(3);
    expect(bench.instance.viewerCount).toBe(0);
    expect(viewers.every(({ credit }) => credit === 4)).toBe(true);
  });

  test("hooks run for the first and the last connection, and the log remembers who is owed one", () => {
    const bench = new Bench(
      defineDocument({
        space: "guests",
        createsOnDemand: true,
        state: { book: t.list(t.string()) },
        onConnect: (doc, ctx) => void doc.book.push(`+${ctx.principal.agent}`),
        onDisconnect: (doc, ctx) => {
          if (ctx.principal.agent === "rude") throw new Error("never says goodbye");
          doc.book.push(`-${ctx.principal.agent}`);
        },
        messages: {},
      }),
    );
    const connect = (agent: string): unknown => bench.execute({ kind: "connect", principal: principalOf(agent) });
    const disconnect = (agent: string): unknown => bench.execute({ kind: "disconnect", principal: principalOf(agent) });
    connect("ann");
    connect("ann");
    connect("rude");
    bench.reopen(true);
    expect(bench.instance.connected).toEqual([principalOf("ann"), principalOf("rude")]);
    connect("ann");
    disconnect("bob");
    disconnect("ann");
    expect(disconnect("rude")).toMatchObject({ status: "refused" });
    bench.reopen();
    expect(bench.instance.connected).toEqual([]);
    expect(bench.get("ann").view["book"]).toEqual(["+ann", "+rude", "-ann"]);
  });
});
