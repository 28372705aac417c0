import { describe, expect, test } from "@jest/globals";
import { defineDocument, message, record, t } from "../src/index.ts";
import { Bench } from "./bench.ts";

// oxlint-disable typescript/no-explicit-any -- handlers and views are handed in by each test

const Inner = record({ open: t.boolean(), y: t.int() });
const Solo = record({
  name: t.string(),
  tags: t.list(t.string()),
  inner: Inner,
  guarded: Inner.visibleTo((inner) => inner.open).optional(),
  shown: t.int().visibleTo((solo) => solo.inner.open),
});

/** `open` and `plain` show the same record as state does, one with a policy in it and one without. */
function begin(views: Readonly<Record<string, (doc: any) => unknown>>): Bench {
  const bench = new Bench(
    defineDocument({
      space: "solos",
      createsOnDemand: true,
      state: { solo: Solo.optional(), plain: Inner, rows: t.table(record({ solo: Solo })) },
      views,
      messages: {
        begin: message((doc: any) => {
          const solo = { name: "a", inner: { open: false, y: 1 }, guarded: { open: false, y: 2 }, shown: 3 };
          doc.solo = solo;
          doc.rows.insert({ solo });
        }),
        name: message((doc: any) => void (doc.solo.name += "b")),
        tag: message((doc: any) => void doc.solo.tags.push("x")),
        inner: message((doc: any) => void (doc.solo.inner.open = !doc.solo.inner.open)),
        guarded: message((doc: any) => void (doc.solo.guarded.open = !doc.solo.guarded.open)),
        plain: message((doc: any) => void doc.plain.y++),
        row: message((doc: any) => {
          const { solo } = doc.rows.get("1");
          solo.name += "b";
          solo.inner.open = !solo.inner.open;
          solo.guarded.open = !solo.guarded.open;
        }),
        gone: message((doc: any) => void (doc.solo = undefined)),
      },
    }),
  );
  bench.send("ann", "begin");
  return bench;
}

describe("a view that gives a nested record", () => {
  test.each([["name"], ["tag"], ["inner"], ["guarded"], ["plain"], ["row"], ["gone"]])(
    "follows what changes beneath it: %s",
    (name) => {
      const bench = begin({
        same: (doc) => doc.solo,
        simple: (doc) => doc.plain,
        deep: (doc) => doc.rows.get("1").solo,
        inner: (doc) => doc.solo?.inner,
      });
      const ann = bench.connect("ann");
      for (let count = 0; count < (name === "gone" ? 1 : 3); count++) {
        bench.send("ann", name);
        const { solo, plain, rows } = ann.view as any;
        const { same, simple, deep, inner } = ann.view as any;
        expect({ same, simple, deep, inner }).toEqual({
          same: solo,
          simple: plain,
          deep: rows[0].solo,
          inner: solo?.inner,
        });
        expect(ann.view).toEqual(bench.get("ann").view);
      }
    },
  );
});
