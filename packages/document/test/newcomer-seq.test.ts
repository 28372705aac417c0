import { describe, expect, test } from "@jest/globals";
import { conformanceDocument, defineDocument, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers and views are handed in by each test

describe("the seq of a newcomer", () => {
  test("counts a move, as those who were there do", () => {
    const bench = new Bench(conformanceDocument);
    for (let count = 0; count < 2; count++) bench.send("bob", "deal", { holder: "bob", rank: 1 });
    const bob = bench.connect("bob");
    bench.send("bob", "move", { id: "1" });
    expect(bench.get("cat").seq).toBe(bob.seq);
  });

  test("counts what became absent", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { text: t.string().optional(), secret: t.int().private() },
        messages: (message) => ({
          set: message((doc) => void (doc.text = "here")),
          unset: message((doc) => void (doc.text = undefined)),
          hide: message((doc) => void doc.secret++),
        }),
      }),
    );
    bench.send("ann", "set");
    const ann = bench.connect("ann");
    bench.send("ann", "unset");
    bench.send("ann", "hide");
    expect(ann.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBe(2);
    }
  });

  test("counts changes of what its views read in private state", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { text: t.string(), secret: t.int().private(), other: t.int().private() },
        views: { isOdd: (doc) => doc.secret % 2 === 1 },
        messages: (message) => ({
          set: message((doc) => void (doc.text = "here")),
          count: message((doc) => void doc.secret++),
          hide: message((doc) => void doc.other++),
        }),
      }),
    );
    bench.send("ann", "set");
    const ann = bench.connect("ann");
    bench.send("ann", "count");
    bench.send("ann", "hide");
    expect(ann.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("ann").seq).toBe(2);
    }
  });
});

describe("the seq of a newcomer whose view changed by what it does not see", () => {
  const Row = record({ owner: t.string(), open: t.boolean(), mark: t.int().private() }).visibleTo(
    (row, viewer) => row.owner === viewer.principal.agent,
  );
  const rows = (doc: any): any => doc.rows;
  const add = (doc: any): unknown => rows(doc).insert({ owner: "ann", open: true, mark: 1 });
  const cases: readonly (readonly [string, (doc: any, viewer: any) => unknown, (doc: any) => unknown])[] = [
    ["another took the first place", (doc) => rows(doc).first(), (doc) => rows(doc).move("2", "1")],
    [
      "another is within the limit",
      (doc) => rows(doc).where({ open: true }).limit(1),
      (doc) => rows(doc).move("2", "1"),
    ],
    [
      "another was counted",
      (doc) => rows(doc).where({ open: true }).count(),
      (doc) => void (rows(doc).get("2").open = false),
    ],
    ["another was removed", (doc) => rows(doc).where({ open: true }).count(), (doc) => rows(doc).delete("2")],
    ["another was added", (doc) => (rows(doc).size > 2 ? rows(doc) : undefined), add],
    [
      "its record left by a private field",
      (doc) => rows(doc).where({ mark: 1 }),
      (doc) => void (rows(doc).get("1").mark = 2),
    ],
    [
      "it came first by a private field",
      (doc) => rows(doc).orderBy("mark").first(),
      (doc) => void (rows(doc).get("2").mark = 0),
    ],
    [
      "a condition read a private field",
      (doc) => rows(doc).where((row: any) => row.mark === 1),
      (doc) => void (rows(doc).get("1").mark = 2),
    ],
  ];

  test.each(cases)("%s", (_name, shown, change) => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(Row) },
        views: { shown },
        messages: (message) => ({
          begin: message((doc: any) => {
            for (const owner of ["bob", "ann"]) doc.rows.insert({ owner, open: true, mark: 1 });
          }),
          change: message((doc: any) => void change(doc)),
        }),
      }),
    );
    bench.send("ann", "begin");
    const bob = bench.connect("bob");
    bench.send("ann", "change");
    expect(bob.seq).toBe(2);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("bob").seq).toBe(2);
    }
  });

  test("is not moved where they are told by themselves who is in the view", () => {
    const bench = new Bench(
      defineDocument({
        space: "seqs",
        createsOnDemand: true,
        state: { rows: t.table(Row) },
        views: {
          all: (doc) => doc.rows,
          own: (doc, viewer) => doc.rows.where({ owner: viewer.principal.agent }).orderBy("open"),
          count: (doc, viewer) => doc.rows.where({ owner: viewer.principal.agent }).count(),
          open: (doc) => doc.rows.where((row) => row.open),
        },
        messages: (message) => ({
          begin: message((doc: any) => {
            for (const owner of ["bob", "ann"]) doc.rows.insert({ owner, open: true, mark: 1 });
          }),
          hide: message((doc: any) => {
            add(doc);
            doc.rows.get("2").mark++;
            doc.rows.move("2");
          }),
        }),
      }),
    );
    bench.send("ann", "begin");
    for (let count = 0; count < 3; count++) bench.send("ann", "hide");
    expect(bench.get("bob").seq).toBe(1);
    for (const withSnapshot of [false, true]) {
      bench.reopen(withSnapshot);
      expect(bench.get("bob").seq).toBe(1);
    }
  });
});
