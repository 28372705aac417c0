import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { defineDocument, message, record, StateError, t } from "../src/index.ts";
import { Bench, principalOf, reasonOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

type Handler = (doc: any, ctx: any) => unknown;

interface Counts {
  mine: number;
}

function begin(counts: Counts = { mine: 0 }) {
  const works: Handler[] = [];
  const bench = new Bench(
    defineDocument({
      space: "queries",
      createsOnDemand: true,
      state: {
        rows: t.table(
          record({
            kind: t.enum("a", "b", "c"),
            rank: t.int(),
            name: t.string(),
            by: t.principal().optional(),
            data: t.json().optional(),
          }),
        ),
        other: t.int(),
      },
      views: {
        mine: (doc, viewer) => {
          counts.mine++;
          return doc.rows.where({ by: viewer.principal }).orderBy("rank");
        },
      },
      messages: { run: message(t.int(), (doc, work, ctx) => works[work]!(doc, ctx)) },
    }),
  );
  const run = (work: Handler): any => {
    works.push(work);
    const outcome = bench.send("ann", "run", works.length - 1);
    if (outcome.status === "refused") throw reasonOf(outcome.error);
    return outcome.value === undefined ? undefined : JSON.parse(outcome.value);
  };
  return { bench, run };
}

const ids = (rows: Iterable<any>): string[] => Array.from(rows, ({ id }) => id);

function filled() {
  const made = begin();
  made.run((doc) => {
    for (const [kind, rank] of [
      ["b", 3],
      ["a", 1],
      ["b", 1],
      ["c", 2],
      ["a", 3],
      ["b", 2],
    ] as const) {
      doc.rows.insert({ kind, rank, name: `${kind}${rank}`, by: principalOf(rank > 2 ? "ann" : "bob") });
    }
  });
  return made;
}

/** Without an index. */
function sorted(doc: any, kind: string): any[] {
  return doc.rows
    .filter((row: any) => row.kind === kind)
    .sort((a: any, b: any) => a.rank - b.rank || Number(a.id) - Number(b.id));
}

describe("queries", () => {
  test("choose, sort, skip, limit, count", () => {
    const { run } = filled();
    expect(run((doc) => ids(doc.rows))).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(run((doc) => ids(doc.rows.where({ kind: "b" })))).toEqual(["1", "3", "6"]);
    expect(run((doc) => ids(doc.rows.where({ kind: "b", rank: 2 })))).toEqual(["6"]);
    expect(run((doc) => ids(doc.rows.where({ kind: "b" }).where((row: any) => row.rank > 1)))).toEqual(["1", "6"]);
    expect(run((doc) => ids(doc.rows.orderBy("rank")))).toEqual(["2", "3", "4", "6", "1", "5"]);
    expect(run((doc) => ids(doc.rows.orderBy("kind", "desc").orderBy("rank")))).toEqual(["4", "3", "6", "1", "2", "5"]);
    expect(run((doc) => ids(doc.rows.orderBy("rank").offset(1).limit(2)))).toEqual(["3", "4"]);
    expect(run((doc) => doc.rows.where({ kind: "a" }).count())).toBe(2);
    expect(run((doc) => doc.rows.where({ kind: "a" }).first().name)).toBe("a1");
    expect(run((doc) => doc.rows.where({ rank: 9 }).first() ?? "none")).toBe("none");
    expect(run((doc) => doc.rows.where({ id: "4" }).map((row: any) => row.name))).toEqual(["c2"]);
    expect(run((doc) => ids(doc.rows.where({ by: { agent: "ann", authority: "dev" } })))).toEqual(["1", "5"]);
    expect(run((doc) => ids(doc.rows.where({ by: undefined })))).toEqual([]);
    expect(
      run((doc) => [doc.rows.some((row: any) => row.rank === 2), doc.rows.every((row: any) => row.rank > 1)]),
    ).toEqual([true, false]);
    expect(run((doc) => doc.rows.find((row: any) => row.rank === 2).id)).toBe("4");
  });

  test("follow the order of the table", () => {
    const { run } = filled();
    run((doc) => void doc.rows.move("6", "1"));
    expect(run((doc) => ids(doc.rows.where({ kind: "b" })))).toEqual(["6", "1", "3"]);
  });

  test("read what the handler has written", () => {
    const { run } = filled();
    expect(
      run((doc) => {
        const before = doc.rows.where({ kind: "c" }).count();
        doc.rows.get("1").kind = "c";
        doc.rows.delete("4");
        doc.rows.insert({ kind: "c", rank: 9, name: "new" });
        return [before, ...ids(doc.rows.where({ kind: "c" }))];
      }),
    ).toEqual([1, "1", "7"]);
  });

  test.each<[string, Handler]>([
    ["an unknown field", (doc) => doc.rows.where({ nothing: 1 })],
    ["JSON", (doc) => doc.rows.where({ data: 1 })],
    ["sorting by JSON", (doc) => doc.rows.orderBy("data")],
    ["where after limit", (doc) => doc.rows.limit(1).where({ rank: 1 })],
    ["a broken limit", (doc) => doc.rows.limit(-1)],
    ["a whole query as a value", (doc) => doc.rows.where({ rank: 1 })],
  ])("refuse %s", (_name, work) => {
    expect(() => filled().run(work)).toThrow(StateError);
  });

  test("an index gives what a scan gives, through writes, failures and reloads", () => {
    const step = fc.record({
      what: fc.nat(6),
      at: fc.nat(100),
      kind: fc.constantFrom("a", "a", "b", "c"),
      fails: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25, size: "max" }), (steps) => {
        const { bench, run } = begin();
        for (const { what, at, kind, fails } of steps) {
          const work: Handler = (doc) => {
            const rows = doc.rows.toArray();
            const row = rows[at % Math.max(1, rows.length)];
            if (what < 2 || row === undefined) doc.rows.insert({ kind, rank: at % 3, name: "x" });
            else if (what === 2) row.kind = kind;
            else if (what === 3) doc.rows.delete(row.id);
            else if (what === 4) doc.rows.move(row.id);
            else if (what === 5) row.rank = at % 4;
            else {
              doc.rows.delete(row.id);
              doc.rows.insert({ kind, rank: 0, name: "again" }, { id: row.id });
            }
            // What is remembered now is of a state that may not last, and the caller's to change.
            for (const kind of ["a", "b", "c"]) doc.rows.where({ kind }).orderBy("rank").toArray().reverse();
            if (fails) throw new Error("told to");
          };
          if (fails) expect(() => run(work)).toThrow("told to");
          else run(work);
          const equal = run((doc) =>
            ["a", "b", "c"].every(
              (kind) =>
                ids(doc.rows.where({ kind })).join() === ids(doc.rows.filter((row: any) => row.kind === kind)).join() &&
                ids(doc.rows.where({ kind }).orderBy("rank")).join() === ids(sorted(doc, kind)).join() &&
                doc.rows.where({ rank: 1 }).count() === doc.rows.filter((row: any) => row.rank === 1).length,
            ),
          );
          expect(equal).toBe(true);
          if (at % 10 === 0) bench.reopen(at % 20 === 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a view of some rows is not evaluated again for the others", () => {
    const counts = { mine: 0 };
    const { bench, run } = begin(counts);
    run((doc) => {
      for (let rank = 0; rank < 30; rank++)
        doc.rows.insert({ kind: "a", rank, name: "x", by: principalOf(rank % 2 ? "ann" : "bob") });
    });
    const ann = bench.connect("ann");
    const evaluated = counts.mine;
    run((doc) => void (doc.rows.get("1").name = "bob's"));
    run((doc) => void doc.other++);
    run((doc) => void doc.rows.insert({ kind: "a", rank: 5, name: "y" }));
    run((doc) => void doc.rows.delete("3"));
    expect(counts.mine).toBe(evaluated);
    run((doc) => void (doc.rows.get("2").rank = 99));
    expect(counts.mine).toBe(evaluated + 1);
    run((doc) => void (doc.rows.get("5").by = principalOf("ann")));
    run((doc) => void (doc.rows.get("4").by = undefined));
    run((doc) => void doc.rows.delete("6"));
    expect(counts.mine).toBe(evaluated + 4);
    run((doc) => {
      doc.rows.get("8").by = principalOf("bob");
      doc.rows.delete("8");
    });
    expect(counts.mine).toBe(evaluated + 5);
    run((doc) => void doc.rows.move("10", "2"));
    expect(counts.mine).toBe(evaluated + 6);
    expect(ann.view).toEqual(bench.get("ann").view);
    expect(ids(ann.view["mine"] as any[])).not.toContain("8");
    expect(ids(ann.view["mine"] as any[])).not.toContain("4");
    expect(ids(ann.view["mine"] as any[])).toContain("5");
  });

  test.each<readonly [string, Handler, RegExp]>([
    ["nothing", (doc) => doc.rows.where(undefined), /fields with their values, or a function: got undefined/],
    ["null", (doc) => doc.rows.where({ by: null }), /no nulls: ask for undefined/],
    ["something else than a principal", (doc) => doc.rows.where({ by: "ann" }), /"by": expected a principal/],
    ["another direction", (doc) => doc.rows.orderBy("rank", "down"), /"asc" or "desc"/],
  ])("refuse %s with a word on what to write", (_what, work, text) => {
    expect(() => filled().run((doc, ctx) => void work(doc, ctx))).toThrow(text);
  });
});
