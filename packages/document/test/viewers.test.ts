import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { z } from "zod";
import { conformanceDocument, defineDocument, type Frame, message, record, t } from "../src/index.ts";
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

describe("hashes", () => {
  test.each([[1], [2], [3], [4], [5]])(
    "come once in every interval in which anything was sent, however sparse the stream, seed %i",
    (seed) => {
      const heartbeatMs = 5_000;
      const bench = begin();
      const random = new SeededRandom(seed);
      bench.instance.attach({ id: "v", principal: principalOf("bob"), hashEvery: false, credit: 1_000_000 });
      bench.instance.attach({ id: "w", principal: principalOf("cat"), hashEvery: false, credit: 1_000_000 });
      const sent: { readonly at: number; readonly viewer: string; readonly hasHash: boolean }[] = [];
      const deliver = (at: number): void => {
        bench.instance.deliver(at, (viewers, { hash }) => {
          for (const { id } of viewers) sent.push({ at, viewer: id, hasHash: hash !== undefined });
        });
      };
      let now = 0;
      for (let count = 0; count < 300; count++) {
        const next = now + random.below(random.below(3) === 0 ? 9_000 : 300);
        while ((bench.instance.deliverAt ?? Infinity) < next) deliver(bench.instance.deliverAt!);
        now = next;
        const isPrivate = random.below(2) === 0;
        bench.instance.execute(
          isPrivate
            ? messageOf("alice", "deal", { holder: random.below(2) === 0 ? "bob" : "cat", rank: 1, secret: true })
            : messageOf("alice", "add", { by: 1 }),
          bench.now,
        );
        bench.append();
        deliver(now);
      }
      while (bench.instance.deliverAt !== undefined) deliver(bench.instance.deliverAt);
      expect(sent.length).toBeGreaterThan(300);
      for (const viewer of ["v", "w"]) {
        for (let from = 0; from < now; from += heartbeatMs) {
          const frames = sent.filter(
            (each) => each.viewer === viewer && each.at >= from && each.at < from + heartbeatMs,
          );
          if (frames.length > 0 && !frames.some(({ hasHash }) => hasHash)) {
            throw new Error(`seed ${seed}: ${viewer} has no hash from ${from} on: ${JSON.stringify(frames)}`);
          }
        }
      }
    },
  );

  test("that are owed are not sent to who has no credit, and nobody is asked for ever", () => {
    const bench = begin();
    const bob = bench.connect("bob", { credit: 1_000, hashEvery: false });
    bench.send("alice", "add", { by: 1 });
    bench.instance.grant(bob.viewer, -bob.viewer.credit);
    const at = bench.instance.deliverAt!;
    bench.instance.deliver(at, () => {
      throw new Error("sent without credit");
    });
    expect(bench.instance.deliverAt).toBe(at + 2_500);
    bench.instance.detach(bob.viewer);
    bench.instance.deliver(at + 2_500, () => {});
    expect(bench.instance.deliverAt).toBeUndefined();
  });
});

describe("resume", () => {
  test("with the right state nothing is sent again", () => {
    const bench = begin();
    const first = bench.connect("bob");
    bench.disconnect(first);
    const again = bench.attach("bob", { resume: { seq: first.seq, hash: first.hash }, hashEvery: false });
    again.startFrom(first);
    bench.deliver();
    expect(again.last).toEqual({ "@s": first.seq });
    bench.send("alice", "add", { by: 1 });
    expect(again.last).toEqual({ "@s": again.seq, "@h": again.hash, value: 2, counts: { alice: 2 } });
  });

  test("is confirmed by the first change, if that comes before the credit", () => {
    const bench = begin();
    const first = bench.connect("bob");
    bench.disconnect(first);
    const again = bench.attach("bob", { resume: { seq: first.seq, hash: first.hash }, credit: 0 });
    again.startFrom(first);
    bench.deliver();
    bench.send("alice", "add", { by: 1 });
    bench.instance.grant(again.viewer, 1);
    bench.deliver();
    expect(kinds(again)).toEqual(["delta"]);
    expect(again.last["@h"]).toBe(again.hash);
    expect(again.view).toEqual(bench.get("bob").view);
  });

  test("also after the document moved, from the log alone", () => {
    for (const withSnapshot of [false, true]) {
      const bench = begin();
      bench.send("alice", "deal", { holder: "bob", rank: 3, face: "F" });
      const first = bench.connect("bob");
      bench.reopen(withSnapshot);
      const again = bench.attach("bob", { resume: { seq: first.seq, hash: first.hash }, hashEvery: false });
      again.startFrom(first);
      bench.deliver();
      expect(again.last).toEqual({ "@s": first.seq });
    }
  });

  const open = defineDocument({
    space: "open-book",
    createsOnDemand: true,
    state: { rows: t.table(record({ text: t.string() })), count: t.int(), hidden: t.int().private() },
    messages: {
      insert: message(t.string(), (doc, text) => void doc.rows.insert({ text })),
      delete: message(t.string(), (doc, id) => void doc.rows.delete(id)),
      hide: message((doc) => void doc.hidden++),
    },
  });

  test("from an earlier seq is one hashed delta forward, where no policy stands in the way", () => {
    const bench = new Bench(open);
    for (let count = 0; count < 200; count++) bench.send("ann", "insert", `a longer text, number ${count}`);
    const first = bench.connect("bob");
    bench.disconnect(first);
    bench.send("ann", "insert", "new");
    bench.send("ann", "delete", "7");
    bench.reopen();
    const again = bench.attach("bob", { resume: { seq: first.seq, hash: first.hash }, hashEvery: false });
    again.startFrom(first);
    bench.deliver();
    expect(kinds(again)).toEqual(["delta"]);
    expect(again.last["@h"]).toBe(again.hash);
    expect(again.view).toEqual(bench.get("bob").view);
  });

  test("with a wrong hash at the current seq is answered by a snapshot", () => {
    const bench = new Bench(open);
    bench.send("ann", "insert", "text");
    const first = bench.connect("bob");
    bench.disconnect(first);
    bench.send("ann", "hide");
    const again = bench.attach("bob", { resume: { seq: first.seq, hash: "0123456789abcdef" } });
    bench.deliver();
    expect(kinds(again)).toEqual(["snapshot"]);
  });

  test.each([[0], [999]])("from seq %p, which the stream cannot continue, is a snapshot", (seq) => {
    const bench = begin();
    const again = bench.attach("bob", { resume: { seq, hash: "0123456789abcdef" } });
    bench.deliver();
    expect(kinds(again)).toEqual(["snapshot"]);
  });
});

describe("hashes and checks", () => {
  test("a stream carries a hash at first and then once in each interval", () => {
    const bench = new Bench(conformanceDocument, { hashIntervalMs: 45 });
    const bob = bench.connect("bob", { hashEvery: false });
    for (let count = 0; count < 9; count++) bench.send("alice", "add", { by: 1 });
    // Each delivery is 10 ms after the one before.
    expect(bob.frames.map(({ hash }) => hash !== undefined)).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("what a client reports is compared with what it was sent", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    const check = (seq: number, hash: string): string => bench.instance.check(bob.viewer, seq, hash);
    const old = { seq: bob.seq, hash: bob.hash };
    expect(check(bob.seq, bob.hash)).toBe("match");
    bench.send("alice", "add", { by: 1 });
    expect(check(old.seq, old.hash)).toBe("match");
    expect(check(bob.seq, bob.hash)).toBe("match");
    expect(check(bob.seq, "0000000000000000")).toBe("mismatch");
    bench.deliver();
    expect(kinds(bob)).toEqual(["snapshot", "delta", "snapshot"]);
    expect(check(bob.seq + 100, bob.hash)).toBe("mismatch");
    bench.deliver();
    expect(kinds(bob).at(-1)).toBe("snapshot");
  });

  test("a seq it kept nothing of is unverifiable", () => {
    const bench = begin();
    const bob = bench.connect("bob", { hashEvery: false });
    bench.send("alice", "add", { by: 1 });
    const { seq, hash } = bob;
    bench.send("alice", "add", { by: 1 });
    expect(bench.instance.check(bob.viewer, seq, hash)).toBe("unverifiable");
    expect(bench.instance.check(bob.viewer, bob.seq, bob.hash)).toBe("match");
    expect(kinds(bob)).not.toContain(["snapshot", "snapshot"]);
  });

  test("presence moves the state under a seq: only a quiet stream can be told wrong by it", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    const before = { seq: bob.seq, hash: bob.hash };
    bench.connect("carol");
    expect(bench.instance.check(bob.viewer, before.seq, before.hash)).toBe("match");
    bench.connect("dave");
    expect(bench.instance.check(bob.viewer, before.seq, "0000000000000000")).toBe("unverifiable");
    expect(bench.instance.check(bob.viewer, before.seq, "0000000000000000")).toBe("mismatch");
  });

  test("resync gives a snapshot, once", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.instance.resync(bob.viewer);
    bench.deliver();
    bench.deliver();
    expect(kinds(bob)).toEqual(["snapshot", "snapshot"]);
    bench.send("alice", "add", { by: 1 });
    expect(kinds(bob)).toEqual(["snapshot", "snapshot", "delta"]);
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
    messages: { build: message(t.int(), (doc, at) => void doc.places.insert({ at })) },
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
    messages: {
      count: message((doc) => void doc.count++),
      insert: message(t.string(), (doc, owner) => void doc.rows.insert({ owner, n: 1 })),
      both: message(t.string(), (doc, owner) => {
        doc.names.set(owner, "named");
        doc.rows.insert({ owner, n: 2 });
      }),
      move: message(t.string(), (doc, id) => doc.rows.move(id)),
    },
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
