import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import { applyDelta, canonicalJson, composeDeltas, type JsonObject, viewOf } from "@tidewire/delta";
import fc from "fast-check";
import { JsonWriter } from "../src/encode/json-writer.ts";
import { defineDocument, message, record, StateError, t } from "../src/index.ts";
import { Bench, type FakeClient, principalOf, reasonOf } from "./bench.ts";

// Numbers are those of research/runtime.md section 10. Trap 19 is in guard.test.ts; the oracle test is about all of them.

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

type Handler = (doc: any, arg: any, ctx: any) => unknown;

const Note = record({
  owner: t.string(),
  text: t.string(),
  open: t.boolean(),
  extra: t.string().optional(),
  secret: t
    .string()
    .optional()
    .visibleTo((note, viewer) => note.owner === viewer.principal.agent),
});
const GuardedNote = Note.visibleTo(
  (note, viewer, doc) => note.open || doc.phase === "over" || note.owner === viewer.principal.agent,
);

/** A document that does to itself what each message says. */
function begin(options: { limits?: object; views?: object } = {}): Bench & { run(work: Handler, agent?: string): any } {
  const works: Handler[] = [];
  const definition = defineDocument({
    space: "traps",
    createsOnDemand: true,
    state: {
      phase: t.enum("play", "over"),
      plain: t.table(Note),
      guarded: t.table(GuardedNote),
      byName: t.map(GuardedNote),
      numbers: t.map(t.int()),
      list: t.list(t.string()),
      json: t.json().optional(),
      count: t.int(),
      hidden: t.int().private(),
    },
    views: (options.views ?? {}) as Record<string, (doc: any, viewer: any) => unknown>,
    timers: { later: () => {} },
    messages: {
      run: message(record({ work: t.int() }), (doc, { work }, ctx) => void works[work]!(doc, undefined, ctx)),
    },
  });
  const bench = new Bench(definition, options.limits);
  return Object.assign(bench, {
    run(work: Handler, agent = "ann"): any {
      works.push(work);
      const outcome = bench.send(agent, "run", { work: works.length - 1 });
      if (outcome.status === "refused") throw reasonOf(outcome.error);
      return outcome;
    },
  });
}

const note = (owner: string, text: string, rest: object = {}): object => ({ owner, text, open: false, ...rest });

function sees(client: FakeClient, field: string): string[] {
  return (client.view[field] as { text: string }[]).map(({ text }) => text);
}

describe("traps of the runtime", () => {
  test("1: a policy is asked again when something outside of its record changes", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.guarded.insert(note("ann", "A")));
    expect(sees(bob, "guarded")).toEqual([]);
    bench.run((doc) => void (doc.phase = "over"));
    expect(sees(bob, "guarded")).toEqual(["A"]);
    bench.run((doc) => void (doc.phase = "play"));
    expect(sees(bob, "guarded")).toEqual([]);
  });

  test("1: also when what it looked for was not there, or was removed", () => {
    const bench = begin({
      views: {
        knows: (doc: any, viewer: any) => doc.numbers.get(viewer.principal.agent) ?? "nothing",
        first: (doc: any) => doc.plain.get("1")?.text ?? "none",
      },
    });
    const bob = bench.connect("bob");
    expect(bob.view).toMatchObject({ knows: "nothing", first: "none" });
    bench.run((doc) => doc.numbers.set("bob", 4));
    expect(bob.view["knows"]).toBe(4);
    bench.run((doc) => doc.numbers.delete("bob"));
    expect(bob.view["knows"]).toBe("nothing");
    bench.run((doc) => doc.plain.insert(note("ann", "A")));
    expect(bob.view["first"]).toBe("A");
    bench.run((doc) => doc.plain.delete("1"));
    expect(bob.view["first"]).toBe("none");
  });

  test("2: the removal of a record that was never seen is not told", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.byName.set("SECRETKEY", note("ann", "A")));
    bench.run((doc) => doc.byName.delete("SECRETKEY"));
    bench.run((doc) => {
      doc.byName.set("SECRETKEY", note("ann", "B"));
      doc.byName.delete("SECRETKEY");
      doc.count++;
    });
    expect(bob.view["count"]).toBe(1);
    expect(bob.bytes).not.toContain("SECRETKEY");
  });

  test("3: a record made again under its key replaces the old one, and says so only to who had it", () => {
    const bench = begin();
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    bench.run((doc) => doc.byName.set("k", note("ann", "old", { extra: "gone", open: true })));
    bench.run((doc) => doc.byName.set("k", note("ann", "new", { open: true })));
    expect(bob.view["byName"]).toEqual({ k: { owner: "ann", text: "new", open: true } });
    expect((bob.last["byName"] as JsonObject)["k"]).toMatchObject({ "@r": true });
    bench.run((doc) => doc.byName.set("h", note("ann", "hidden", { extra: "x" })));
    bench.run((doc) => doc.byName.set("h", note("ann", "shown", { open: true })));
    expect(bob.last["byName"]).toEqual({ h: { owner: "ann", text: "shown", open: true } });
    expect((ann.last["byName"] as JsonObject)["h"]).toMatchObject({ "@r": true, text: "shown" });
  });

  test("4: what a viewer far behind holds is known, however often the policy has changed its mind", () => {
    const bench = begin();
    const bob = bench.connect("bob", { credit: 1 });
    bench.run((doc) => doc.guarded.insert(note("ann", "A", { open: true })));
    expect(bob.frames.length).toBe(1);
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => doc.guarded.insert(note("ann", "B", { open: true })));
    bench.run((doc) => void (doc.guarded.get("1").open = true));
    bench.run((doc) => void (doc.guarded.get("2").open = false));
    bench.instance.grant(bob.viewer, 1);
    bench.deliver();
    expect(sees(bob, "guarded")).toEqual(["A"]);
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => void (doc.guarded.get("1").text = "A2"));
    bench.instance.grant(bob.viewer, 1);
    bench.deliver();
    expect(sees(bob, "guarded")).toEqual([]);
    expect(bob.bytes).not.toContain("A2");
    expect(bob.bytes).not.toContain('"B"');
  });

  test("5: what is shown again is sent whole", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    bench.run((doc) => doc.guarded.insert(note("ann", "A", { open: true })));
    bench.run((doc) => void (doc.guarded.get("1").open = false));
    bench.run((doc) => void (doc.guarded.get("1").text = "changed"));
    bench.run((doc) => void (doc.guarded.get("1").extra = "while hidden"));
    bench.run((doc) => void (doc.guarded.get("1").open = true));
    expect(bob.view["guarded"]).toEqual([
      { id: "1", owner: "ann", text: "changed", extra: "while hidden", open: true },
    ]);
  });

  test("6: a field that moves to another owner leaves the old one", () => {
    const bench = begin();
    const ann = bench.connect("ann");
    const bob = bench.connect("bob");
    bench.run((doc) => doc.plain.insert(note("ann", "A", { secret: "S1" })));
    expect(ann.view["plain"]).toMatchObject([{ secret: "S1" }]);
    bench.run((doc) => void (doc.plain.get("1").owner = "bob"));
    bench.run((doc) => void (doc.plain.get("1").secret = "S2"));
    expect(ann.view["plain"]).toEqual([{ id: "1", owner: "bob", text: "A", open: false }]);
    expect(bob.view["plain"]).toMatchObject([{ secret: "S2" }]);
    expect(ann.bytes).not.toContain("S2");
  });

  test("7: a commit that a viewer cannot see sends it nothing at all", () => {
    const bench = begin({
      views: { mine: (doc: any, viewer: any) => doc.guarded.where({ owner: viewer.principal.agent }) },
    });
    const bob = bench.connect("bob");
    const frames = bob.frames.length;
    bench.run((doc) => doc.guarded.insert(note("ann", "A")));
    bench.run((doc) => doc.guarded.insert(note("ann", "B")));
    bench.run((doc) => doc.guarded.move("2", "1"));
    bench.run((doc) => void (doc.guarded.get("1").text = "C"));
    bench.run((doc) => doc.plain);
    bench.run((doc) => void doc.hidden++);
    bench.run((doc) => doc.guarded.delete("1"));
    expect(bob.frames.length).toBe(frames);
  });

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

  test("10: beyond the horizon of the removals a viewer gets a snapshot", () => {
    const bench = begin({ limits: { tombstonesMax: 4 } });
    const slow = bench.connect("bob", { credit: 1 });
    bench.run((doc) => {
      for (let count = 0; count < 40; count++) doc.plain.insert(note("ann", `P${count}`));
    });
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    for (let count = 1; count <= 30; count++) bench.run((doc) => doc.plain.delete(String(count)));
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.frames.at(-1)!.kind).toBe("snapshot");
    expect(slow.view).toEqual(bench.get("bob").view);
  });

  test("11: nothing is shown that was not taken for the log", () => {
    const bench = begin();
    bench.connect("ann");
    bench.run((doc) => void doc.count++);
    bench.instance.execute({ kind: "message", principal: principalOf("ann"), message: "run", arg: '{"work":0}' }, 1);
    expect(() => bench.deliver()).toThrow(/nothing may be shown/);
    expect(() => bench.get("ann")).toThrow(/nothing may be shown/);
    bench.append();
    bench.deliver();
    expect(bench.clients[0]!.view["count"]).toBe(2);
  });

  test("12: the bytes a viewer gets do not depend on what is hidden from it", () => {
    const story = (withSecrets: boolean): string[] => {
      const bench = begin();
      const bob = bench.connect("bob");
      for (let round = 0; round < 12; round++) {
        bench.run((doc) => {
          if (withSecrets) doc.byName.set(`s${round}`, note("ann", "S", { secret: "S" }));
          doc.byName.set(`k${round}`, note("bob", "B"));
          if (withSecrets && round > 3) doc.byName.delete(`s${round - 3}`);
          if (round > 5) doc.byName.delete(`k${round - 5}`);
        });
      }
      return bob.frames.map((frame) =>
        Buffer.from(frame.data)
          .toString()
          .replace(/"@s":\d+/, ""),
      );
    };
    expect(story(true)).toEqual(story(false));
  });

  test("13: viewers of one class share their bytes, whatever each got before", () => {
    const bench = begin();
    const early = bench.connect("bob");
    for (let count = 0; count < 5; count++) bench.run((doc) => void doc.count++);
    const late = bench.connect("bob");
    bench.run((doc) => void doc.count++);
    expect(late.frames.at(-1)).toBe(early.frames.at(-1));
  });

  test("14: strings are written as JSON.stringify writes them", () => {
    const write = (text: string): string => {
      const out = new JsonWriter();
      out.string(text);
      return Buffer.from(out.take()).toString();
    };
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
      fc.string({ unit: "grapheme", minLength: 40, maxLength: 80 }),
    );
    fc.assert(fc.property(anyText, (text) => expect(write(text)).toBe(JSON.stringify(text))));
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
        (value) => {
          const out = new JsonWriter();
          out.number(value);
          expect(Buffer.from(out.take()).toString()).toBe(JSON.stringify(value));
        },
      ),
    );
  });

  test("15: keys like __proto__ are data, and numbers as keys keep no order", () => {
    const bench = begin();
    const bob = bench.connect("bob");
    const keys = ["__proto__", "constructor", "toString", "2", "10", "1", "hasOwnProperty"];
    bench.run((doc) => {
      for (const [index, key] of keys.entries()) doc.numbers.set(key, index);
      doc.json = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    });
    expect(Object.keys(bob.view["numbers"] as object).sort()).toEqual([...keys].sort());
    expect(JSON.stringify(bob.view["json"])).toBe('{"__proto__":{"x":1},"constructor":2}');
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    bench.reopen(true);
    expect(canonicalJson(bench.get("bob").view)).toBe(canonicalJson(bob.view));
    bench.run((doc) => {
      for (const key of keys) expect(doc.numbers.delete(key)).toBe(true);
    });
    expect(bench.get("bob").view["numbers"]).toEqual({});
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

  test("21: composed deltas have the effect of one walk over both", () => {
    for (let seed = 0; seed < 40; seed++) {
      const bench = begin();
      bench.run((doc) => {
        for (let count = 0; count < 6; count++) doc.plain.insert(note("ann", `t${count}`));
      });
      const each = bench.connect("bob");
      const once = bench.connect("bob");
      const grant = (client: FakeClient): void => bench.instance.grant(client.viewer, 1_000);
      bench.instance.grant(once.viewer, -once.viewer.credit);
      const base = each.view;
      for (let step = 0; step < 3; step++) {
        bench.run((doc) => {
          const rows = doc.plain.toArray();
          const row = rows[(seed * 7 + step * 3) % rows.length];
          if ((seed + step) % 4 === 0) doc.plain.delete(row.id);
          else if ((seed + step) % 4 === 1) doc.plain.move(row.id, rows[(seed + step * 5) % rows.length].id);
          else if ((seed + step) % 4 === 2) {
            doc.plain.delete(row.id);
            doc.plain.insert(note("bob", `again${step}`), { id: row.id });
          } else doc.plain.insert(note("ann", `new${step}`), { before: row.id });
        });
      }
      const deltas = each.frames.slice(1).map((frame) => JSON.parse(Buffer.from(frame.data).toString()) as JsonObject);
      grant(once);
      bench.deliver();
      const composed = deltas.reduce((a, b) => composeDeltas(a, b));
      const keysOf = (list: readonly unknown[]): string[] => list.map((row) => (row as { id: string }).id);
      const start = viewOf(base, 0, (list, path) => (path[0] === "list" ? undefined : keysOf(list)));
      expect(applyDelta(start, composed).value).toEqual(once.view);
      expect(once.view).toEqual(each.view);
    }
  });

  test("22: a view above its bound is refused, and ends the streams of those who would get it", () => {
    const bench = begin({ limits: { viewMaxBytes: 20_000 } });
    const bob = bench.connect("bob");
    const ann = bench.connect("ann");
    bench.run((doc) => doc.plain.insert(note("ann", "A", { secret: "x".repeat(60_000) })));
    expect(bob.view["plain"]).toMatchObject([{ text: "A" }]);
    expect(bench.failures).toMatchObject([{ agents: ["ann"], code: "limit_exceeded" }]);
    expect(ann.frames.length).toBe(1);
    expect(bench.instance.viewerCount).toBe(1);
    expect(() => bench.get("ann")).toThrow(expect.objectContaining({ code: "limit_exceeded" }));
    expect(() => bench.attach("ann", { resume: { seq: 1, hash: "0" } })).toThrow(
      expect.objectContaining({ code: "limit_exceeded" }),
    );
    expect(bench.instance.viewerCount).toBe(1);
    bench.run((doc) => doc.plain.delete("1"));
    expect(bench.get("ann").view["plain"]).toEqual([]);
  });
});

describe("beyond the list of traps", () => {
  test("an order that was edited more often than is remembered is sent whole", () => {
    const bench = begin();
    bench.run((doc) => {
      for (let count = 0; count < 50; count++) doc.plain.insert(note("ann", `t${count}`));
    });
    const slow = bench.connect("bob", { credit: 1 });
    const quick = bench.connect("bob");
    for (let round = 0; round < 90; round++) {
      bench.run((doc) => {
        for (let count = 0; count < 7; count++) doc.plain.move(String(1 + ((round * 13 + count * 5) % 50)), "7");
      });
    }
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.view).toEqual(quick.view);
    expect(quick.view).toEqual(bench.get("bob").view);
  });

  test("a hidden change that opens something else is not passed over, also where most have nothing to be told", () => {
    const bench = new Bench(
      defineDocument({
        space: "levers",
        createsOnDemand: true,
        state: {
          level: t.int().private(),
          rows: t.table(
            record({ owner: t.string() }).visibleTo(
              (row, viewer, doc) => doc.level > 1 || row.owner === viewer.principal.agent,
            ),
          ),
        },
        messages: {
          insert: message(t.string(), (doc, owner) => void doc.rows.insert({ owner })),
          level: message(t.int(), (doc, level) => void (doc.level = level)),
        },
      }),
    );
    const clients = ["ann", "bob", "cid"].map((agent) => bench.connect(agent));
    const owners = (): string[][] =>
      clients.map((client) => (client.view["rows"] as { owner: string }[]).map(({ owner }) => owner));
    bench.send("ann", "insert", "ann");
    bench.send("ann", "insert", "bob");
    expect(owners()).toEqual([["ann"], ["bob"], []]);
    bench.send("ann", "level", 2);
    expect(owners()).toEqual([
      ["ann", "bob"],
      ["ann", "bob"],
      ["ann", "bob"],
    ]);
    bench.send("ann", "level", 1);
    expect(owners()).toEqual([["ann"], ["bob"], []]);
  });

  test("a hidden record in the slot of one that was held is not taken for it", () => {
    const bench = begin({ limits: { tombstonesMax: 1 } });
    const clients = ["bob", "cid"].map((agent) => bench.connect(agent));
    for (let round = 0; round < 12; round++) {
      // Held, then removed and forgotten; its slot is the next one's.
      bench.run((doc) => doc.guarded.insert(note("bob", `held ${round}`)));
      bench.run((doc) => doc.guarded.delete(doc.guarded.first().id));
      bench.run((doc) => doc.guarded.insert(note("ann", `hidden ${round}`)));
      bench.run((doc) => void (doc.guarded.first().open = true));
      for (const client of clients) expect(client.view).toEqual(bench.get(client.agent).view);
      bench.run((doc) => doc.guarded.clear());
    }
  });

  test("viewers who were alike until somebody looked at who they are get each their own", () => {
    const bench = begin();
    const clients = ["ann", "bob", "ann", "cid"].map((agent) => bench.connect(agent));
    const slow = bench.connect("bob", { credit: 1 });
    bench.run((doc) => void doc.count++);
    // The first guarded record is the first time that a policy asks for the viewer.
    bench.run((doc) => {
      doc.guarded.insert(note("ann", "A"));
      doc.guarded.insert(note("bob", "B"));
      doc.plain.insert(note("bob", "P", { secret: "S" }));
    });
    bench.instance.grant(slow.viewer, 5);
    bench.deliver();
    expect(clients.map((client) => sees(client, "guarded"))).toEqual([["A"], ["B"], ["A"], []]);
    expect(sees(slow, "guarded")).toEqual(["B"]);
    for (const client of [...clients, slow]) expect(client.view).toEqual(bench.get(client.agent).view);
  });

  test("a policy that looks at the viewer only in some states is asked for everyone when it does", () => {
    const Card = record({ owner: t.string(), text: t.string() }).visibleTo(
      (card, viewer, doc) => doc.isOver && card.owner === viewer.principal.agent,
    );
    const bench = new Bench(
      defineDocument({
        space: "late",
        createsOnDemand: true,
        state: { isOver: t.boolean(), cards: t.table(Card) },
        messages: {
          deal: message(t.string(), (doc, owner) => void doc.cards.insert({ owner, text: owner })),
          end: message((doc) => void (doc.isOver = true)),
        },
      }),
    );
    const clients = ["ann", "bob", "cid"].map((agent) => bench.connect(agent));
    bench.send("ann", "deal", "ann");
    bench.send("ann", "deal", "bob");
    expect(clients.map((client) => sees(client, "cards"))).toEqual([[], [], []]);
    bench.send("ann", "end");
    expect(clients.map((client) => sees(client, "cards"))).toEqual([["ann"], ["bob"], []]);
  });

  test("what is nested in hidden records is asked again when they are shown to one who is behind", () => {
    const Inner = record({ text: t.string(), open: t.boolean() }).visibleTo(
      (inner, _viewer, doc) => inner.open || doc.all,
    );
    const Outer = record({ open: t.boolean(), inner: t.table(Inner) }).visibleTo((outer) => outer.open);
    const bench = new Bench(
      defineDocument({
        space: "nested",
        createsOnDemand: true,
        state: { all: t.boolean(), outer: t.table(Outer) },
        messages: {
          begin: message((doc) => doc.outer.insert({ open: true, inner: [{ text: "I", open: false }] }).id),
          outer: message(t.boolean(), (doc, open) => void (doc.outer.get("1").open = open)),
          all: message(t.boolean(), (doc, all) => void (doc.all = all)),
        },
      }),
    );
    bench.send("ann", "begin");
    const quick = bench.connect("ann");
    const slow = bench.connect("ann", { credit: 1 });
    bench.send("ann", "outer", false);
    bench.send("ann", "all", true);
    // The one who is behind is walked first, when nobody has asked for what is inside since it was hidden.
    bench.instance.grant(slow.viewer, 1);
    bench.send("ann", "outer", true);
    expect(quick.view).toEqual({
      all: true,
      outer: [{ id: "1", open: true, inner: [{ id: "1", open: false, text: "I" }] }],
    });
    expect(slow.view).toEqual(quick.view);
    bench.send("ann", "all", false);
    bench.instance.grant(slow.viewer, 1);
    bench.deliver();
    expect(slow.view).toEqual({ all: false, outer: [{ id: "1", open: true, inner: [] }] });
    expect(quick.view).toEqual(slow.view);
  });
});
