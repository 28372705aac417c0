import { describe, expect, test } from "@jest/globals";
import type { ServiceError } from "@tidewire/foundation";
import { z } from "zod";
import {
  type CommandOutcome,
  conformanceDocument,
  type DocumentLimits,
  defineDocument,
  message,
  record,
  t,
} from "../src/index.ts";
import { Bench, messageOf, principalOf, reasonOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

type Handler = (doc: any, ctx: any) => unknown;

const Row = record({
  n: t.int(),
  text: t.string(5),
  kind: t.enum("a", "b").default("b"),
  by: t.principal().optional(),
  inner: record({ x: t.number().min(0).max(9) }).optional(),
});

function begin(limits: Partial<DocumentLimits> = {}) {
  const works: Handler[] = [];
  const bench = new Bench(
    defineDocument({
      space: "handlers",
      createsOnDemand: true,
      state: {
        rows: t.table(Row),
        map: t.map(t.int()),
        rowMap: t.map(Row),
        list: t.list(t.string(5)),
        json: t.json().optional(),
        when: t.timestamp(),
        on: t.boolean(),
        point: record({ x: t.int(), y: t.int().default(7) }),
        maybe: record({ x: t.int() }).optional(),
      },
      computed: { total: (doc) => doc.rows.toArray().reduce((sum, { n }) => sum + n, 0) },
      timers: {
        push: (doc, text: string) => void doc.list.push(text),
        fail: (doc) => {
          doc.list.push("no");
          throw new Error("timer fails");
        },
      },
      messages: {
        run: message(t.int(), (doc, work, ctx) => works[work]!(doc, ctx)),
        strict: message(
          z.strictObject({ n: z.int(), deep: z.object({ list: z.array(z.string()) }).optional() }),
          (_doc, arg) => arg,
        ),
        later: message(
          z.string().refine(async () => await Promise.resolve(true)),
          () => 1,
        ),
      },
    }),
    limits,
  );
  const attempt = (work: Handler): CommandOutcome => bench.send("ann", "run", works.push(work) - 1);
  const run = (work: Handler): any => {
    const outcome = attempt(work);
    if (outcome.status === "refused") throw reasonOf(outcome.error);
    return outcome.value === undefined ? undefined : JSON.parse(outcome.value);
  };
  return { bench, run, attempt };
}

function refusal(outcome: CommandOutcome): ServiceError {
  if (outcome.status === "done") throw new Error("expected a refusal");
  return outcome.error;
}

describe("what state refuses, at the assignment", () => {
  const row = { n: 1, text: "ok" };
  test.each<[string, Handler, RegExp]>([
    ["a wrong type", (doc) => void (doc.on = 1), /"on": expected a boolean, got a number/],
    ["a fraction", (doc) => doc.rows.insert({ ...row, n: 1.5 }), /"n": expected a safe integer/],
    ["an unsafe integer", (doc) => doc.map.set("k", 2 ** 53), /safe integer/],
    ["NaN", (doc) => void (doc.when = Number.NaN), /"when"/],
    ["Infinity", (doc) => doc.rows.insert({ ...row, inner: { x: Number.POSITIVE_INFINITY } }), /finite/],
    ["a number out of range", (doc) => doc.rows.insert({ ...row, inner: { x: 10 } }), /at most 9/],
    ["a long string", (doc) => doc.list.push("123456"), /at most 5/],
    ["an unknown word", (doc) => doc.rows.insert({ ...row, kind: "c" }), /one of a, b/],
    ["an unknown field of the document", (doc) => void (doc.nothing = 1), /not extensible/],
    ["an unknown field of a record", (doc) => void (doc.rows.insert(row).nothing = 1), /not extensible/],
    ["an unknown field at insertion", (doc) => doc.rows.insert({ ...row, nothing: 1 }), /no field "nothing"/],
    ["a missing field", (doc) => doc.rows.insert({ n: 1 }), /needs the field "text"/],
    ["null", (doc) => void (doc.on = null), /no nulls/],
    ["null in JSON", (doc) => void (doc.json = { a: [null] }), /no nulls/],
    ["null for a nested record", (doc) => void (doc.maybe = null), /no nulls/],
    ["undefined where it is not optional", (doc) => void (doc.on = undefined), /not optional/],
    ["a key that begins with @", (doc) => doc.map.set("@s", 1), /do not begin with @/],
    ["a key of JSON that begins with @", (doc) => void (doc.json = { "@r": true }), /do not begin with @/],
    ["an empty key", (doc) => doc.map.set("", 1), /1 to 512/],
    ["a long key", (doc) => doc.map.set("k".repeat(513), 1), /1 to 512/],
    ["a key that is a number", (doc) => doc.map.set(5, 1), /a key is a string/],
    [
      "a cycle",
      (doc) => {
        const cycle: any = {};
        cycle.self = cycle;
        doc.json = cycle;
      },
      /without cycles/,
    ],
    ["a date in JSON", (doc) => void (doc.json = { at: new Date(0) }), /plain JSON/],
    ["a function in JSON", (doc) => void (doc.json = { f: () => {} }), /expected JSON/],
    ["a container assigned", (doc) => void (doc.list = []), /container/],
    ["a list position that is not there", (doc) => doc.list.set(3, "x"), /no position 3/],
    ["an id that was never given", (doc) => doc.rows.insert(row, { id: "9" }), /never gave/],
    ["an id that is in use", (doc) => doc.rows.insert(row, { id: doc.rows.insert(row).id }), /has a record/],
    ["a place before what is not there", (doc) => doc.rows.insert(row, { before: "9" }), /no record/],
    ["moving what is not there", (doc) => doc.rows.move("9"), /no record/],
    ["something that is no record", (doc) => doc.rows.insert([]), /an array/],
    ["a record as the value of a message", (doc) => doc.rows.insert(row), /cannot be turned into JSON/],
    ["a table as the value of a message", (doc) => ({ rows: doc.rows }), /cannot be turned into JSON/],
    ["the document as the value of a message", (doc) => doc, /cannot be turned into JSON/],
  ])("%s", (_name, work, text) => {
    const { run, bench } = begin();
    run((doc) => void doc.map.set("before", 1));
    const before = Buffer.from(bench.instance.snapshot()).toString();
    expect(() => run(work)).toThrow(text);
    expect(Buffer.from(bench.instance.snapshot()).toString()).toBe(before);
  });

  test("and a handler that catches it goes on with what it had", () => {
    const { run, bench } = begin();
    run((doc) => {
      doc.map.set("a", 1);
      for (const wrong of [
        () => doc.rows.insert({ n: 1, text: "ok", inner: { x: 99 } }),
        () => doc.rowMap.set("k", { n: "x" }),
        () => void (doc.point = { x: "wrong" }),
        () => doc.list.push("fine", 5),
      ]) {
        expect(wrong).toThrow();
      }
    });
    expect(bench.get("ann").view).toMatchObject({
      map: { a: 1 },
      rows: [],
      rowMap: {},
      list: [],
      point: { x: 0, y: 7 },
    });
    run((doc) => void doc.rows.insert({ n: 1, text: "a" }));
    expect(bench.get("ann").view["rows"]).toMatchObject([{ id: "1" }]);
  });

  test("optional fields come and go, nested records are replaced or changed", () => {
    const { run, bench } = begin();
    const ann = bench.connect("ann");
    run((doc) => {
      doc.maybe = { x: 1 };
      doc.point.x = 5;
      doc.rows.insert({ n: 1, text: "a", by: principalOf("bob"), inner: { x: 1 } });
    });
    expect(ann.view).toMatchObject({
      maybe: { x: 1 },
      point: { x: 5, y: 7 },
      rows: [{ by: principalOf("bob"), inner: { x: 1 } }],
    });
    run((doc) => {
      doc.maybe = undefined;
      doc.point = { x: 6 };
      doc.rows.first().by = undefined;
      doc.rows.first().inner.x = 2;
    });
    expect(ann.view).toMatchObject({
      point: { x: 6, y: 7 },
      rows: [{ id: "1", n: 1, text: "a", kind: "b", inner: { x: 2 } }],
    });
    expect(Object.keys(ann.view)).not.toContain("maybe");
    expect(run((doc) => doc.maybe === undefined && doc.rows.first().by === undefined)).toBe(true);
    expect(() => run((doc) => void (doc.maybe = doc.point))).toThrow(/one place only/);
  });

  test("lists and maps do what arrays and maps do", () => {
    const { run } = begin();
    expect(
      run((doc) => {
        doc.list.push("b", "c");
        doc.list.unshift("a");
        doc.list.set(1, "B");
        const popped = doc.list.pop();
        const shifted = doc.list.shift();
        doc.list.splice(1, 0, "x", "y");
        return [
          popped,
          shifted,
          doc.list.length,
          doc.list.at(-1),
          doc.list.includes("x"),
          doc.list.indexOf("y"),
          ...doc.list,
        ];
      }),
    ).toEqual(["c", "a", 3, "y", true, 2, "B", "x", "y"]);
    expect(
      run((doc) => {
        doc.list.replace(["z"]);
        doc.map.set("b", 2);
        doc.map.set("a", 1);
        return [
          doc.list.toArray(),
          doc.map.size,
          doc.map.has("a"),
          doc.map.keys(),
          doc.map.values(),
          [...doc.map],
          doc.map.getOrInsert("c", 3),
          doc.map.delete("c"),
          doc.map.delete("c"),
        ];
      }),
    ).toEqual([
      ["z"],
      2,
      true,
      ["a", "b"],
      [1, 2],
      [
        ["a", 1],
        ["b", 2],
      ],
      3,
      true,
      false,
    ]);
    expect(
      run((doc) => {
        doc.map.clear();
        doc.list.clear();
        return [doc.map.size, doc.list.length];
      }),
    ).toEqual([0, 0]);
  });
});

describe("handlers", () => {
  test("asynchronous ones are refused, and their changes with them", () => {
    const { attempt, bench } = begin();
    const error = refusal(attempt(async (doc) => void doc.map.set("k", 1)));
    expect(error.code).toBe("handler_failed");
    expect(bench.instance.exists).toBe(false);
    // oxlint-disable-next-line unicorn/no-thenable -- refused for being one
    expect(refusal(attempt((doc) => ({ then: () => doc.map.set("k", 1) }))).code).toBe("handler_failed");
  });

  test("what they throw is not told", () => {
    const { attempt } = begin();
    for (const thrown of [new Error("SECRET"), "SECRET", { code: "not_found" }, undefined, null]) {
      const body = refusal(
        attempt(() => {
          // oxlint-disable-next-line typescript/only-throw-error -- document code may throw anything
          throw thrown;
        }),
      ).toBody();
      expect(body.code).toBe("handler_failed");
      expect(JSON.stringify(body)).not.toContain("SECRET");
    }
  });

  test("a rejection that is swallowed is a rejection all the same", () => {
    const { attempt, bench } = begin();
    attempt((doc) => void doc.map.set("k", 1));
    const error = refusal(
      attempt((doc, ctx) => {
        doc.map.set("k", 2);
        try {
          ctx.reject("no", { why: [1] });
        } catch {
          return "fine";
        }
      }),
    );
    expect(error.toBody()).toMatchObject({ code: "rejected", details: { code: "no", data: { why: [1] } } });
    expect(bench.get("ann").view["map"]).toEqual({ k: 1 });
  });

  test("a context is of no use afterwards", () => {
    const { run } = begin();
    let kept: any;
    run((_doc, ctx) => void (kept = ctx));
    expect(() => kept.after(1, "push")).toThrow(/is over/);
    expect(() => kept.random).toThrow(/is over/);
    expect(() => kept.reject("x")).toThrow(/is over/);
  });

  test("arguments are checked by any Standard Schema, and the sender is told where they are wrong", () => {
    const { bench } = begin();
    expect(bench.send("ann", "strict", { n: 1, deep: { list: ["x"] } })).toMatchObject({
      value: '{"n":1,"deep":{"list":["x"]}}',
    });
    const error = refusal(bench.send("ann", "strict", { n: 1, deep: { list: [5] } }));
    expect(error.code).toBe("invalid_argument");
    expect(error.details).toMatchObject({ issues: [{ path: ["deep", "list", "0"] }] });
    expect(refusal(bench.execute({ ...messageOf("ann", "strict"), arg: "{" } as never)).code).toBe("invalid_argument");
    expect(refusal(bench.send("ann", "later", "x")).code).toBe("handler_failed");
  });

  test("random numbers are the document's: the same after a reload, and after a failure", () => {
    const { run, attempt, bench } = begin();
    run((_doc, ctx) => ctx.random.next());
    bench.reopen(true);
    const expected = run((_doc, ctx) => [ctx.random.next(), ctx.random.below(10), ctx.random.bits()]);
    bench.stored = { ...bench.stored, seq: bench.stored.seq - 1, patches: bench.stored.patches.slice(0, -1) };
    bench.reopen();
    attempt((_doc, ctx) => {
      ctx.random.next();
      throw new Error("no");
    });
    expect(run((_doc, ctx) => [ctx.random.next(), ctx.random.below(10), ctx.random.bits()])).toEqual(expected);
  });

  test("computed values are cached between commits and read the handler's own writes", () => {
    const { run, bench } = begin();
    run((doc) => void doc.rows.insert({ n: 4, text: "a" }));
    expect(
      run((doc) => {
        const before = doc.total;
        doc.rows.first().n = 10;
        return [before, doc.total];
      }),
    ).toEqual([4, 10]);
    expect(bench.get("ann").view["total"]).toBe(10);
  });
});

describe("timers", () => {
  test("fire in order of time, with the principal that set them", () => {
    const { run, bench } = begin();
    run((_doc, ctx) => {
      ctx.after("2s", "push", "c");
      ctx.after("100ms", "push", "a");
      ctx.after(100, "push", "b");
      ctx.cancel(ctx.after("1m", "push", "never"));
    });
    bench.now += 5_000;
    for (let count = 0; count < 4; count++) bench.execute({ kind: "timer" });
    expect(bench.get("ann").view["list"]).toEqual(["a", "b", "c"]);
    expect(bench.instance.wakeAt).toBeUndefined();
    expect(run((_doc, ctx) => ctx.cancel(1))).toBe(false);
  });

  test("one that fails is gone, and leaves nothing", () => {
    const { run, bench } = begin();
    run((_doc, ctx) => ctx.after(0, "fail"));
    expect(refusal(bench.execute({ kind: "timer" })).code).toBe("handler_failed");
    expect(bench.instance.wakeAt).toBeUndefined();
    bench.reopen();
    expect(bench.instance.wakeAt).toBeUndefined();
    expect(bench.get("ann").view["list"]).toEqual([]);
  });

  test.each<[string, Handler, RegExp]>([
    ["an unknown name", (_doc, ctx) => ctx.after(1, "nothing"), /no timer/],
    ["a name of every object", (_doc, ctx) => ctx.after(1, "toString"), /no timer/],
    ["a negative delay", (_doc, ctx) => ctx.after(-1, "push"), /ten years/],
    ["no delay", (_doc, ctx) => ctx.after(Number.NaN, "push"), /ten years/],
    ["a word", (_doc, ctx) => ctx.after("soon", "push"), /not a duration/],
    ["an argument that is not JSON", (_doc, ctx) => ctx.after(1, "push", () => {}), /expected JSON/],
  ])("refuse %s", (_name, work, text) => {
    expect(() => begin().run(work)).toThrow(text);
  });
});

describe("markers of a document that was deleted", () => {
  const hourMs = 3_600_000;
  const create = (bench: Bench, marker: string): CommandOutcome =>
    bench.execute({ kind: "create", principal: principalOf("ann"), marker });
  const remove = (bench: Bench): CommandOutcome => bench.execute({ kind: "delete", principal: principalOf("bob") });

  test.each([
    ["in memory", false],
    ["from the log", true],
  ])("give the first outcome again, and it stays deleted, %s", (_where, reopens) => {
    const bench = new Bench(conformanceDocument);
    const [first] = [create(bench, "m1")];
    bench.send("ann", "add", { by: 2 }, "m2");
    remove(bench);
    if (reopens) bench.reopen();
    expect(create(bench, "m1")).toEqual({ ...first, isReplay: true });
    expect(bench.send("ann", "add", { by: 2 }, "m2")).toMatchObject({ seq: 2, value: '{"value":2}', isReplay: true });
    expect(bench.instance.exists).toBe(false);
    expect(bench.send("ann", "add", { by: 3 }, "m2")).toMatchObject({ error: { code: "invalid_argument" } });
  });

  test("are those of the next document of that name, in its log and its snapshots too", () => {
    const bench = new Bench(conformanceDocument);
    create(bench, "m1");
    remove(bench);
    bench.reopen();
    expect(create(bench, "m2")).toMatchObject({ status: "done", seq: 3, isReplay: false });
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(create(bench, "m1")).toMatchObject({ seq: 1, isReplay: true });
      expect(create(bench, "m2")).toMatchObject({ seq: 3, isReplay: true });
    }
    remove(bench);
    bench.reopen();
    expect(create(bench, "m1")).toMatchObject({ seq: 1, isReplay: true });
  });

  test("are forgotten after a day", () => {
    const bench = new Bench(conformanceDocument);
    create(bench, "m1");
    bench.now += 25 * hourMs;
    remove(bench);
    expect(create(bench, "m1")).toMatchObject({ status: "done", seq: 3, isReplay: false });
  });

  test("are not lost by a creation that is refused", () => {
    const bench = new Bench(conformanceDocument);
    create(bench, "m1");
    remove(bench);
    expect(bench.send("ann", "throw", {})).toMatchObject({ error: { code: "handler_failed" } });
    bench.reopen();
    expect(create(bench, "m1")).toMatchObject({ seq: 1, isReplay: true });
  });

  test("do not depend on a log that forgets them: then it is created again", () => {
    const bench = new Bench(conformanceDocument);
    create(bench, "m1");
    remove(bench);
    const { deletion: _forgotten, ...stored } = bench.stored;
    bench.stored = stored;
    bench.reopen();
    expect(create(bench, "m1")).toMatchObject({ status: "done", seq: 3, isReplay: false });
  });
});

describe("markers", () => {
  const send = (bench: Bench, marker: string, agent = "ann", arg: unknown = { n: 1 }): CommandOutcome =>
    bench.send(agent, "strict", arg, marker);

  test("give the first outcome again, also after a reload, to the same principal only", () => {
    const { bench } = begin();
    const first = send(bench, "m1");
    expect(first).toMatchObject({ status: "done", isReplay: false, value: '{"n":1}' });
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      const { seq } = bench.instance;
      expect(send(bench, "m1")).toEqual({ ...first, isReplay: true });
      expect(bench.instance.seq).toBe(seq);
    }
    expect(send(bench, "m1", "bob")).toMatchObject({ isReplay: false });
    expect(refusal(send(bench, "m1", "ann", { n: 2 })).code).toBe("invalid_argument");
    expect(refusal(bench.send("ann", "run", 0, "m1")).code).toBe("invalid_argument");
  });

  test("are not kept for what was refused", () => {
    const { bench } = begin();
    expect(refusal(send(bench, "m1", "ann", { n: "x" })).code).toBe("invalid_argument");
    expect(send(bench, "m1")).toMatchObject({ isReplay: false });
  });

  test("are kept for a day, and the newest whatever their age", () => {
    const { bench } = begin({ markersMax: 3 });
    for (const marker of ["m1", "m2", "m3"]) send(bench, marker);
    expect(send(bench, "m1")).toMatchObject({ isReplay: true });
    send(bench, "m4");
    expect(send(bench, "m2")).toMatchObject({ isReplay: true });
    expect(send(bench, "m1")).toMatchObject({ isReplay: false });
    bench.now += 25 * 3_600_000;
    expect(send(bench, "m4")).toMatchObject({ isReplay: true });
    send(bench, "m5");
    expect(send(bench, "m4")).toMatchObject({ isReplay: false });
  });

  test("are not forgotten for want of room: the message is refused instead", () => {
    const { bench } = begin({ markersMaxBytes: 20 });
    send(bench, "m1");
    send(bench, "m2");
    expect(refusal(send(bench, "m3")).toBody()).toMatchObject({
      code: "limit_exceeded",
      details: { limit: "markersMaxBytes" },
    });
    expect(send(bench, "m1")).toMatchObject({ isReplay: true });
  });
});

describe("limits", () => {
  test.each<[Partial<DocumentLimits>, Handler]>([
    [{ stateMaxBytes: 2_000 }, (doc) => void (doc.json = "x".repeat(3_000))],
    [
      { writesMax: 10 },
      (doc) => {
        for (let count = 0; count < 11; count++) doc.map.set(`k${count}`, 1);
      },
    ],
    [{ listItemsMax: 3 }, (doc) => void doc.list.push("a", "b", "c", "d")],
    [{ listItemsMax: 3 }, (doc) => doc.list.replace(["a", "b", "c", "d"])],
    [{ valueMaxLength: 10 }, () => "x".repeat(11)],
    [{ valueMaxLength: 10 }, (_doc, ctx) => ctx.reject("x", "x".repeat(11))],
    [
      { timersMax: 2 },
      (_doc, ctx) => {
        for (let count = 0; count < 3; count++) ctx.after(1, "push", "x");
      },
    ],
    [{ timerArgMaxLength: 10 }, (_doc, ctx) => ctx.after(1, "push", "x".repeat(11))],
  ])("%j", (limits, work) => {
    const { attempt, bench } = begin(limits);
    attempt((doc) => void doc.map.set("before", 1));
    const before = Buffer.from(bench.instance.snapshot()).toString();
    expect(refusal(attempt(work)).toBody()).toMatchObject({
      code: "limit_exceeded",
      details: { limit: Object.keys(limits)[0] },
    });
    expect(Buffer.from(bench.instance.snapshot()).toString()).toBe(before);
  });

  test("arguments and view states are measured before they are parsed", () => {
    const { bench } = begin({ argMaxLength: 10 });
    expect(refusal(bench.send("ann", "strict", { n: 123456789 })).code).toBe("limit_exceeded");
    expect(refusal(bench.execute({ kind: "create", principal: principalOf("ann"), arg: '"0123456789"' })).code).toBe(
      "limit_exceeded",
    );
  });

  test("memory that is given back can be used again", () => {
    const { attempt } = begin({ stateMaxBytes: 20_000 });
    for (let round = 0; round < 20; round++) {
      const outcome = attempt((doc) => {
        doc.rowMap.set("k", { n: 1, text: "a" });
        doc.json = "x".repeat(9_000);
        for (let count = 0; count < 20; count++) doc.rows.insert({ n: 1, text: "abc" });
        doc.rows.clear();
        doc.rowMap.delete("k");
        doc.json = undefined;
        doc.list.push("x");
        doc.list.clear();
      });
      expect(outcome.status).toBe("done");
    }
  });
});
