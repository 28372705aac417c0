import { describe, expect, test } from "@jest/globals";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type DocumentLimits, defineDocument, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";
import { messageOf, principalOf } from "./bench.ts";
import { begin, type Handler, refusal } from "./handler-bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

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

  test.each([[""], [undefined], [5], ["x".repeat(129)]])("a rejection has a code: not %j", (code) => {
    const { run } = begin();
    expect(() => run((_doc, ctx) => ctx.reject(code))).toThrow(/1 to 128/);
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

  test("a Standard Schema may be a function, name places by objects, and give something else than it takes", () => {
    const validate = (value: unknown): StandardSchemaV1.Result<number> =>
      typeof value === "string"
        ? { value: value.length }
        : { issues: [{ message: "no text", path: [{ key: "deep" }, 0, { key: "x" }] }] };
    const schema: StandardSchemaV1<string, number> = Object.assign(() => undefined, {
      "~standard": { version: 1 as const, vendor: "functions", validate },
    });
    const document = createTestDocument(
      defineDocument({
        space: "lengths",
        createsOnDemand: true,
        state: { n: t.int() },
        messages: (message) => ({ measure: message(schema, (doc, length) => (doc.n = length)) }),
      }),
    );
    expect(document.send("ann", "measure", "four")).toBe(4);
    expect(() => document.send("ann", "measure", 4 as never)).toThrow(
      expect.objectContaining({
        code: "invalid_argument",
        data: { parameter: "arg", issues: [{ message: "no text", path: ["deep", "0", "x"] }] },
      }),
    );
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
