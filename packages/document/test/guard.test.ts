import { describe, expect, test } from "@jest/globals";
import { RunawayError, runGuarded, VmGuard } from "../src/guard-node.ts";
import { conformanceDocument, defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

/** Wall time: a busy machine must get as far as the document code. */
const budgetMs = 400;

describe("the guard", () => {
  const guard = new VmGuard({ budgetMs });
  /** For work that does end, on a machine that may be busy. */
  const patient = new VmGuard({ budgetMs: 20_000 });

  test("gives back what the work gives, and throws what it throws", () => {
    expect(patient.run(() => 5)).toBe(5);
    expect(() =>
      patient.run(() => {
        throw new TypeError("mine");
      }),
    ).toThrow(TypeError);
    expect(runGuarded(() => "x", 20_000)).toBe("x");
  });

  test.each<[string, () => void]>([
    [
      "a loop",
      () => {
        for (;;);
      },
    ],
    [
      "a loop that catches everything",
      () => {
        for (;;) {
          try {
            for (;;);
          } catch {
            // goes on
          }
        }
      },
    ],
    ["a regular expression", () => void /^(a+)+$/.test(`${"a".repeat(60)}b`)],
  ])("stops %s", (_name, work) => {
    expect(() => guard.run(work)).toThrow(RunawayError);
    expect(patient.run(() => 1)).toBe(1);
  });

  test("a runaway message costs its document a reload, and nothing else", () => {
    const bench = new Bench(conformanceDocument);
    bench.send("alice", "add", { by: 1 });
    expect(() => guard.run(() => bench.send("alice", "spin", {}))).toThrow(RunawayError);
    expect(bench.instance.isBroken).toBe(true);
    expect(() => bench.instance.takePatch()).toThrow();
    expect(() => bench.send("alice", "add", { by: 1 })).toThrow();
    bench.reopen();
    expect(bench.get("alice").view["value"]).toBe(1);
    expect(bench.send("alice", "add", { by: 1 })).toMatchObject({ status: "done", value: '{"value":2}' });
  });

  test("a policy that does not return is stopped like a handler", () => {
    const bench = new Bench(
      defineDocument({
        space: "loops",
        createsOnDemand: true,
        state: {
          spins: t.boolean(),
          secret: t.string().visibleTo((doc) => {
            while (doc.spins);
            return true;
          }),
        },
        messages: (message) => ({ spin: message(record({}), (doc) => void (doc.spins = true)) }),
      }),
    );
    bench.connect("alice");
    bench.instance.execute(
      { kind: "message", principal: { agent: "a", authority: "" }, message: "spin", arg: "{}" },
      1,
    );
    bench.append();
    expect(() => guard.run(() => bench.deliver())).toThrow(RunawayError);
    expect(bench.instance.isBroken).toBe(true);
  });
});

describe("trap 19: document code cut at any moment", () => {
  const rounds = Number(process.env["DOCUMENT_CUTS"] ?? 60);

  test("the reloaded document equals its log", () => {
    const bench = new Bench(
      defineDocument({
        space: "cut-off",
        createsOnDemand: true,
        state: {
          rows: t.table(record({ n: t.int(), text: t.string() }).visibleTo((row) => row.n % 2 === 0)),
          map: t.map(t.int()),
        },
        messages: (message) => ({
          churn: message(record({}), (doc) => {
            for (;;) {
              const row = doc.rows.insert({ n: 1, text: "x" });
              row.n += 1;
              doc.map.set(row.id, row.n);
              if (doc.rows.size > 20) doc.rows.delete(doc.rows.first()!.id);
              doc.rows.move(row.id, doc.rows.first()!.id);
            }
          }),
          grow: message(record({}), (doc) => void doc.rows.insert({ n: doc.rows.size, text: "kept" })),
        }),
      }),
    );
    const guard = new VmGuard({ budgetMs: 1 });
    bench.send("alice", "grow", {});
    let cuts = 0;
    for (let round = 0; round < rounds; round++) {
      const before = Buffer.from(bench.instance.snapshot()).toString();
      expect(() => guard.run(() => bench.send("alice", "churn", {}))).toThrow(RunawayError);
      if (bench.instance.isBroken) cuts++;
      bench.reopen();
      expect(Buffer.from(bench.instance.snapshot()).toString()).toBe(before);
      bench.send("alice", "grow", {});
    }
    // A call may also be cut before it began.
    expect(cuts).toBeGreaterThan(0);
    expect((bench.get("alice").view["rows"] as unknown[]).length).toBe(Math.ceil((rounds + 1) / 2));
  });
});
