import { describe, expect, test } from "@jest/globals";
import { type CommandOutcome, conformanceDocument } from "../src/index.ts";
import { Bench, principalOf } from "./bench.ts";
import { begin, refusal } from "./handler-bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

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
