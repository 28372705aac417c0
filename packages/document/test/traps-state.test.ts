import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { StateError } from "../src/index.ts";
import { principalOf } from "./bench.ts";
import { begin, type Handler, note, sees } from "./trap-bench.ts";

// Numbers are those of research/runtime.md section 10; README.md has the table of them all.

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

describe("traps of state and transactions", () => {
  test("8: a record that is changed and then removed in one message is removed", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.plain.insert(note("ann", "A")));
    bench.run((doc) => {
      doc.plain.get("1").text = "B";
      doc.plain.delete("1");
      const brief = doc.plain.insert(note("ann", "C"));
      brief.text = "D";
      doc.plain.delete(brief.id);
      doc.byName.set("k", note("ann", "E"));
      doc.byName.get("k").text = "F";
      doc.byName.delete("k");
    });
    expect(bob.view["plain"]).toEqual([]);
    expect(bob.last).toEqual({ "@s": bob.seq, "@h": bob.hash, plain: { "1": null, "@o": [] } });
    bench.run((doc) => void doc.count++);
    expect(bob.last).toEqual({ "@s": bob.seq, "@h": bob.hash, count: 1 });
  });

  test("9: a value that comes back within a message has not changed", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => {
      doc.plain.insert(note("ann", "A"));
      doc.list.push("x");
      doc.json = { a: [1] };
      doc.numbers.set("n", 1);
    });
    const { seq } = bench.instance;
    const frames = bob.frames.length;
    bench.run((doc) => {
      doc.plain.get("1").text = "B";
      doc.plain.get("1").text = "A";
      doc.list.push("y");
      doc.list.pop();
      doc.json = { a: [1] };
      doc.numbers.set("n", 2);
      doc.numbers.set("n", 1);
      doc.count = 5;
      doc.count = 0;
    });
    expect(bench.instance.seq).toBe(seq);
    expect(bob.frames.length).toBe(frames);
  });

  test("10: slots of removed records are used again without mixing up who holds what", () => {
    const bench = begin({ limits: { tombstonesMax: 2 } });
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    const slow = bench.connect("bob", { credit: 1 });
    for (let round = 0; round < 40; round++) {
      bench.run((doc) => {
        doc.guarded.insert(note(round % 3 === 0 ? "ann" : "bob", `T${round}`, { open: round % 5 === 0, secret: "x" }));
        if (round >= 4) doc.guarded.delete(doc.guarded.first().id);
      });
      if (round % 9 === 8) {
        bench.instance.grant(slow.viewer, 1);
        bench.deliver();
        expect(slow.view).toEqual(bench.get("bob").view);
      }
      expect(ann.view).toEqual(bench.get("ann").view);
      expect(bob.view).toEqual(bench.get("bob").view);
    }
  });

  test("16: a throw at any step leaves the document, its ids, timers, numbers and orders as they were", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    const steps: Handler[] = [
      (doc) => doc.plain.insert(note("ann", "new")),
      (doc) => doc.plain.move("3", "1"),
      (doc) => doc.plain.delete("2"),
      (doc) => doc.plain.insert(note("ann", "again"), { id: "2" }),
      (doc) => doc.byName.delete("a"),
      (doc) => doc.byName.set("a", note("bob", "a2")),
      (doc) => void (doc.byName.get("b").text = "b2"),
      (doc) => doc.list.splice(0, 1, "u", "v"),
      (doc) => void (doc.json = [1]),
      (doc) => doc.numbers.set("z", 1),
      (_doc, _arg, ctx) => ctx.after("5s", "later"),
      (_doc, _arg, ctx) => ctx.cancel(1),
      (_doc, _arg, ctx) => ctx.random.next(),
      (doc) => doc.plain.clear(),
    ];
    bench.run((doc, _arg, ctx) => {
      for (const text of ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]) doc.plain.insert(note("ann", text));
      for (const key of ["b", "a"]) doc.byName.set(key, note("ann", key, { open: true }));
      doc.list.push("x");
      ctx.after("1h", "later");
    });
    const text = (): string => Buffer.from(bench.instance.snapshot()).toString();
    const nextRandom = (): number => {
      let drawn = 0;
      try {
        bench.run((_doc, _arg, ctx) => {
          drawn = ctx.random.bits();
          throw new Error("only looking");
        });
      } catch {
        // as it should
      }
      return drawn;
    };
    const before = text();
    const drawn = nextRandom();
    for (let count = 1; count <= steps.length; count++) {
      expect(() =>
        bench.run((doc, arg, ctx) => {
          for (const step of steps.slice(0, count)) step(doc, arg, ctx);
          throw new Error("now");
        }),
      ).toThrow("now");
      expect(text()).toBe(before);
      expect(nextRandom()).toBe(drawn);
    }
    // Orders and change lists go on from where they were.
    bench.run((doc) => doc.plain.move("4", "2"));
    bench.run((doc) => doc.plain.insert(note("ann", "p9")));
    expect(sees(bob, "plain")).toEqual(["p1", "p4", "p2", "p3", "p5", "p6", "p7", "p8", "p9"]);
    expect(bob.view).toEqual(bench.get("bob").view);
    expect((bob.view["plain"] as { id: string }[]).at(-1)!.id).toBe("9");
  });

  test.each<[string, Handler]>([
    ["move", (doc) => doc.plain.move("7", "2")],
    ["insert", (doc) => doc.plain.insert(note("ann", "x"), { before: "2" })],
    ["delete", (doc) => doc.plain.delete("3")],
  ])("16: an order goes on from where it was after a failed %s", (_name, change) => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => {
      for (let count = 1; count <= 9; count++) doc.plain.insert(note("ann", `p${count}`));
    });
    const fails: Handler = (doc, arg, ctx) => {
      change(doc, arg, ctx);
      throw new Error("now");
    };
    expect(() => bench.run(fails)).toThrow("now");
    bench.run((doc) => doc.plain.move("9", "5"));
    expect(sees(bob, "plain")).toEqual(["p1", "p2", "p3", "p4", "p9", "p5", "p6", "p7", "p8"]);
    expect(bob.last["plain"]).toEqual({ "@o": [[0, 3], "9", [4, 7]] });
  });

  test("17: a record kept for later, or removed, refuses to be written", () => {
    const bench = begin();
    let kept: any;
    let list: any;
    bench.run((doc) => {
      kept = doc.plain.insert(note("ann", "A"));
      list = doc.list;
    });
    expect(() => void (kept.text = "later")).toThrow(StateError);
    expect(() => list.push("later")).toThrow(StateError);
    const other = begin();
    expect(() => other.run(() => void (kept.text = "from elsewhere"))).toThrow(StateError);
    expect(() =>
      bench.run((doc) => {
        doc.plain.delete("1");
        kept.text = "gone";
      }),
    ).toThrow(StateError);
    expect(bench.get("ann").view["plain"]).toMatchObject([{ text: "A" }]);
  });

  test("18: iterating while changing is safe, and a record is in one place only", () => {
    const bench = begin();
    bench.run((doc) => {
      for (let count = 0; count < 5; count++) doc.plain.insert(note("ann", `t${count}`));
      doc.byName.set("k", note("ann", "K"));
    });
    bench.run((doc) => {
      for (const row of doc.plain.where({ owner: "ann" })) {
        row.owner = "bob";
        if (row.id === "2") doc.plain.delete("1");
        doc.plain.insert(note("ann", "more"));
      }
      for (const row of doc.plain) if (row.owner === "bob") doc.plain.delete(row.id);
      for (const [key] of doc.byName) doc.byName.delete(key);
    });
    expect(bench.get("ann").view["byName"]).toEqual({});
    expect((bench.get("ann").view["plain"] as unknown[]).length).toBe(5);
    expect(() => bench.run((doc) => doc.plain.insert(doc.plain.first()))).toThrow(/one place only/);
    expect(() => bench.run((doc) => doc.byName.set("x", doc.plain.first()))).toThrow(/one place only/);
  });

  test("20: commits and walks leave nothing behind", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const bench = begin();
    bench.run((doc) => {
      for (let count = 0; count < 100; count++) doc.plain.insert(note("ann", "A"));
    });
    bench.run((doc) => void (doc.plain.get("7").text = `${doc.count++}`));
    const viewer = bench.instance.attach({ id: "v", principal: principalOf("bob"), hashEvery: false, credit: 1e9 });
    const work = { kind: "message", principal: principalOf("ann"), message: "run", arg: '{"work":1}' } as const;
    const commit = (times: number): void => {
      for (let count = 0; count < times; count++) {
        bench.instance.execute(work, count);
        bench.instance.takePatch();
        bench.instance.deliver(0, () => {});
      }
    };
    commit(2_000);
    collect();
    const before = process.memoryUsage().heapUsed;
    commit(10_000);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(512 * 1024);
    expect(viewer.credit).toBe(1e9 - 12_000);
  });
});
