import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { compileDocument, defineDocument, message, record, StateError, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";
import { Bench, reasonOf } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers are handed in by each test

type Handler = (doc: any, ctx: any) => unknown;

const Player = record({ team: t.enum("red", "blue"), score: t.int(), by: t.principal().optional() });

function begin() {
  const works: Handler[] = [];
  const counts = { red: 0 };
  const bench = new Bench(
    defineDocument({
      space: "map-queries",
      createsOnDemand: true,
      state: { players: t.map(Player).index("team"), words: t.map(t.string()) },
      views: {
        red: (doc) => {
          counts.red++;
          return doc.players.where({ team: "red" }).orderBy("score", "desc");
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
  return { bench, run, counts };
}

function filled() {
  const made = begin();
  made.run((doc) => {
    doc.players.set("dan", { team: "red", score: 3 });
    doc.players.set("ann", { team: "blue", score: 5 });
    doc.players.set("bob", { team: "red", score: 3 });
    doc.players.set("cid", { team: "red", score: 9 });
  });
  return made;
}

describe("queries of a map of records", () => {
  test("choose, sort, skip, limit, count, in key order", () => {
    const { run } = filled();
    expect(run((doc) => doc.players.where({ team: "red" }).keys())).toEqual(["bob", "cid", "dan"]);
    expect(run((doc) => doc.players.where({ team: "red", score: 3 }).keys())).toEqual(["bob", "dan"]);
    expect(run((doc) => doc.players.where((row: any) => row.score > 3).keys())).toEqual(["ann", "cid"]);
    expect(run((doc) => doc.players.orderBy("score", "desc").keys())).toEqual(["cid", "ann", "bob", "dan"]);
    expect(run((doc) => doc.players.orderBy("team").orderBy("score").limit(2).keys())).toEqual(["ann", "bob"]);
    expect(run((doc) => doc.players.offset(1).limit(2).keys())).toEqual(["bob", "cid"]);
    expect(run((doc) => [doc.players.first().score, doc.players.count()])).toEqual([5, 4]);
    expect(run((doc) => doc.players.where({ team: "red" }).count())).toBe(3);
    expect(run((doc) => doc.players.where({ score: 100 }).first() ?? "none")).toBe("none");
  });

  test("read what the handler has written", () => {
    const { run } = filled();
    expect(
      run((doc) => {
        const before = doc.players.where({ team: "blue" }).keys();
        doc.players.get("bob").team = "blue";
        doc.players.delete("ann");
        doc.players.set("cid", { team: "blue", score: 0 });
        return [...before, "|", ...doc.players.where({ team: "blue" }).keys()];
      }),
    ).toEqual(["ann", "|", "bob", "cid"]);
  });

  test.each<[string, Handler]>([
    ["an unknown field", (doc) => doc.players.where({ nothing: 1 })],
    ["a key, which is no field", (doc) => doc.players.where({ id: "ann" })],
    ["a map of scalars", (doc) => doc.words.where({ length: 1 })],
    ["the first of a map of scalars", (doc) => doc.words.first()],
  ])("refuse %s", (_name, work) => {
    expect(() => filled().run(work)).toThrow(StateError);
  });

  test("an index gives what a scan gives, through writes, failures and reloads", () => {
    const step = fc.record({
      what: fc.nat(3),
      key: fc.constantFrom("a", "b", "c", "d", "e"),
      team: fc.constantFrom("red" as const, "blue" as const),
      score: fc.nat(3),
      fails: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { bench, run } = begin();
        let viewer = bench.connect("ann");
        for (const { what, key, team, score, fails } of steps) {
          const work: Handler = (doc) => {
            const row = doc.players.get(key);
            if (what === 0 || row === undefined) doc.players.set(key, { team, score });
            else if (what === 1) row.team = team;
            else if (what === 2) row.score = score;
            else doc.players.delete(key);
            if (fails) throw new Error("told to");
          };
          if (fails) expect(() => run(work)).toThrow("told to");
          else run(work);
          const equal = run((doc) => {
            const scan = (holds: (row: any) => boolean): string =>
              doc.players
                .keys()
                .filter((key: string) => holds(doc.players.get(key)))
                .join();
            return (
              ["red", "blue"].every(
                (team) => doc.players.where({ team }).keys().join() === scan((row) => row.team === team),
              ) && doc.players.where({ score }).keys().join() === scan((row) => row.score === score)
            );
          });
          expect(equal).toBe(true);
          expect(viewer.view).toEqual(bench.get("ann").view);
          if (score > 0) continue;
          bench.reopen(fails);
          viewer = bench.connect("ann");
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a view of some records is not evaluated again for the others", () => {
    const { bench, run, counts } = filled();
    const ann = bench.connect("ann");
    const before = counts.red;
    run((doc) => void doc.players.get("ann").score++);
    run((doc) => void doc.players.set("eve", { team: "blue", score: 1 }));
    run((doc) => void doc.words.set("a", "b"));
    expect(counts.red).toBe(before);
    run((doc) => void (doc.players.get("ann").team = "red"));
    run((doc) => void doc.players.delete("dan"));
    expect(counts.red).toBe(before + 2);
    expect((ann.view["red"] as any[]).map(({ score }) => score)).toEqual([9, 6, 3]);
  });
});

test("a client gets a query of a map as a list, typed", () => {
  const document = createTestDocument(
    defineDocument({
      space: "typed",
      createsOnDemand: true,
      state: { players: t.map(Player), words: t.map(t.string()) },
      views: { best: (doc) => doc.players.orderBy("score", "desc").limit(1) },
      messages: (message) => ({
        join: message(record({ name: t.string() }), (doc, { name }) => {
          const made = doc.players.set(name, { team: "red", score: name.length });
          made.score += 1;
          // @ts-expect-error -- not a word of the enum
          expect(doc.players.where({ team: "green" }).count()).toBe(0);
          // @ts-expect-error -- not a field
          expect(() => doc.players.where({ nothing: 1 })).toThrow(StateError);
          return doc.players.where({ team: "red" }).keys();
        }),
        ask: message((doc) => {
          // @ts-expect-error -- a map of scalars has nothing to ask for
          doc.words.where({});
        }),
      }),
    }),
  );
  expect(document.send("ann", "join", { name: "ann" })).toEqual(["ann"]);
  expect(document.send("bob", "join", { name: "roberta" })).toEqual(["ann", "roberta"]);
  const best: readonly { readonly score?: number }[] = document.view("ann").best;
  expect(best).toEqual([{ team: "red", score: 8 }]);
  expect(() => document.send("ann", "ask")).toThrow(/handler_failed/);
});

test.each<[string, any]>([
  ["a field that is not there", t.table(Player).index("nothing" as never)],
  ["JSON", t.map(record({ data: t.json() })).index("data")],
  ["the id", t.table(Player).index("id" as never)],
  ["a map of scalars", t.map(t.string()).index("length" as never)],
])("an index of %s is refused where the document is defined", (_what, field) => {
  const definition = defineDocument({ space: "indexes", state: { rows: field } });
  expect(() => compileDocument(definition)).toThrow(/doc\.rows: (no index can be of|only records have an index)/);
});
