import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { conformanceDocument, defineDocument, message, record, t } from "../src/index.ts";
import { Bench, type FakeClient, messageOf, principalOf } from "./bench.ts";

function begin(): Bench {
  const bench = new Bench(conformanceDocument);
  bench.send("alice", "add", { by: 1 });
  return bench;
}

const kinds = (client: FakeClient): string[] => client.frames.map(({ kind }) => kind);

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
    // At once: a host does not deliver to a document without viewers, and would find something due for ever.
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
    messages: (message) => ({
      insert: message(t.string(), (doc, text) => void doc.rows.insert({ text })),
      delete: message(t.string(), (doc, id) => void doc.rows.delete(id)),
      hide: message((doc) => void doc.hidden++),
    }),
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

  const zoomed = {
    space: "near-and-far",
    createsOnDemand: true,
    viewState: record({ zoom: t.int() }),
    messages: { add: message((doc: { count: number }) => void doc.count++) },
  };
  const isNear = (viewer: { readonly viewState?: unknown }): boolean =>
    (viewer.viewState as { readonly zoom: number }).zoom === 1;
  const byPolicy = defineDocument({
    ...zoomed,
    state: { count: t.int(), near: t.string().visibleTo((_doc, viewer) => isNear(viewer)) },
  });
  const byView = defineDocument({
    ...zoomed,
    state: { count: t.int() },
    views: { near: (_doc, viewer) => (isNear(viewer) ? "" : undefined) },
  });

  test.each([
    ["policy", 1, byPolicy, "snapshot"],
    ["policy", 0, byPolicy, "delta"],
    ["view", 1, byView, "delta"],
    ["view", 0, byView, "delta"],
  ])(
    "is not from what another holds who waits at that seq, unless it is the same: %s, zoom %i",
    (_, zoom, made, kind) => {
      const bench = new Bench(made);
      bench.send("ann", "add");
      const waiting = bench.connect("bob", { credit: 1, viewState: { zoom: 0 } });
      const first = bench.connect("bob", { viewState: { zoom } });
      expect(first.seq).toBe(waiting.seq);
      expect("near" in first.view).toBe(zoom === 1);
      bench.disconnect(first);
      bench.send("ann", "add");
      const resume = { seq: first.seq, hash: first.hash };
      const again = bench.attach("bob", { resume, viewState: { zoom: 0 } });
      again.startFrom(first);
      bench.deliver();
      bench.send("ann", "add");
      expect(kinds(again)[0]).toBe(kind);
      expect(again.view).toEqual({ count: 3 });
    },
  );

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
