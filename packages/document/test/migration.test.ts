import { describe, expect, test } from "@jest/globals";
import { compileDocument, defineDocument, record, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";
import { Bench, principalOf } from "./bench.ts";

const first = defineDocument({
  space: "evolves",
  version: 1,
  createsOnDemand: true,
  state: {
    title: t.string(),
    points: t.map(t.int()),
    cards: t.table(record({ suit: t.string(), rank: t.string(), inner: t.table(record({ n: t.int() })) })),
    extra: t.json().optional(),
    gone: t.int(),
    secret: t.string().private(),
  },
  timers: { ring: (doc) => void (doc.title = "rang") },
  onConnect() {},
  messages: (message) => ({
    fill: message((doc) => {
      doc.title = "old";
      doc.points.set("__proto__", 3);
      doc.points.set("ann", 5);
      for (const rank of ["7", "3", "x"]) doc.cards.insert({ suit: "hearts", rank, inner: [{ n: 1 }] });
      doc.extra = { a: { b: 1 } };
      doc.gone = 41;
      doc.secret = "kept";
    }),
    change: message((doc, _arg, ctx) => {
      doc.cards.move("3", "1");
      doc.cards.delete("2");
      doc.cards.get("1")?.inner.insert({ n: 2 });
      doc.points.delete("ann");
      doc.extra = { c: 2 };
      ctx.after("1h", "ring");
      return { said: "changed" };
    }),
  }),
});

const secondState = {
  title: t.string(),
  points: t.map(t.int()),
  cards: t.table(
    record({
      suit: t.enum("clubs", "hearts"),
      rank: t.int(),
      isNew: t.boolean().default(true),
      inner: t.table(record({ n: t.int() })),
    }),
  ),
  extra: t.json().optional(),
  total: t.int(),
  secret: t.string().private(),
};

// oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
function second(migrate: (doc: any, old: any) => void): unknown {
  return defineDocument({
    space: "evolves",
    version: 2,
    createsOnDemand: true,
    state: secondState,
    timers: { ring: (doc) => void (doc.title = "rang") },
    onConnect() {},
    messages: (message) => ({
      touch: message((doc) => void doc.total++),
      reveal: message((doc) => ({ secret: doc.secret })),
      insert: message((doc) => ({ id: doc.cards.insert({ suit: "clubs", rank: 1, inner: [] }).id })),
    }),
    migrate: { 1: migrate },
  });
}

// oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
const migrateCards = (doc: any, old: any): void => {
  doc.total = old.gone + 1;
  for (const card of old.cards) doc.cards.get(card.id).rank = Number(card.rank) || 0;
};

function storedByFirst(withSnapshot: boolean): Bench {
  const bench = new Bench(first);
  bench.connect("ann");
  bench.send("ann", "fill");
  if (withSnapshot) bench.reopen(true);
  bench.send("ann", "change", undefined, "m1");
  return bench;
}

function reopenedWith(bench: Bench, definition: unknown): Bench {
  const next = new Bench(definition);
  next.stored = bench.stored;
  next.reopen();
  return next;
}

describe("a document of an older version", () => {
  test.each([[false], [true]])("opens with its migration (snapshot: %p)", (withSnapshot) => {
    const next = reopenedWith(storedByFirst(withSnapshot), second(migrateCards));
    expect(next.get("ann").view).toEqual({
      title: "old",
      points: Object.fromEntries([["__proto__", 3]]),
      cards: [
        { id: "3", suit: "hearts", rank: 0, isNew: true, inner: [{ id: "1", n: 1 }] },
        {
          id: "1",
          suit: "hearts",
          rank: 7,
          isNew: true,
          inner: [
            { id: "1", n: 1 },
            { id: "2", n: 2 },
          ],
        },
      ],
      extra: { c: 2 },
      total: 42,
    });
    expect(next.send("ann", "reveal")).toMatchObject({ value: '{"secret":"kept"}' });
    expect(next.instance.connected).toEqual([principalOf("ann")]);
  });

  test("is written in its new form with the next commit, with all that belongs to it", () => {
    const next = reopenedWith(storedByFirst(true), second(migrateCards));
    const patches = next.stored.patches.length;
    next.send("ann", "touch");
    expect(next.stored.patches.length).toBe(patches + 1);
    const failing = second(() => {
      throw new Error("is not asked again");
    });
    const again = reopenedWith(next, failing);
    expect(again.get("ann").view["total"]).toBe(43);
    expect(again.send("ann", "insert")).toMatchObject({ value: '{"id":"4"}' });
    expect(again.instance.wakeAt).toBe(again.now + 3_600_000);
    expect(again.instance.connected).toEqual([principalOf("ann")]);
    again.now += 3_600_000;
    again.execute({ kind: "timer" });
    expect(again.get("ann").view["title"]).toBe("rang");
    const snapshotted = reopenedWith(again, failing);
    snapshotted.reopen(true);
    expect(snapshotted.get("ann").view).toEqual(again.get("ann").view);
  });

  test("remembers its markers", () => {
    const bench = storedByFirst(false);
    const { seq } = bench.instance;
    const next = reopenedWith(bench, second(migrateCards));
    next.send("ann", "touch");
    const again = reopenedWith(next, second(migrateCards));
    const replay = again.instance.execute(
      { kind: "message", principal: principalOf("ann"), message: "change", marker: "m1" },
      again.now,
    );
    expect(replay).toEqual({ status: "done", seq, isReplay: true, value: '{"said":"changed"}' });
  });

  test.each<[string, unknown]>([
    [
      "throws",
      second(() => {
        throw new Error("no");
      }),
    ],
    ["is asynchronous", second((async () => {}) as () => void)],
    ["is missing", { ...(second(() => {}) as object), migrate: {} }],
  ])("stays as it was when its migration %s", (_name, definition) => {
    const bench = storedByFirst(false);
    const before = bench.stored.patches.map((patch) => Buffer.from(patch).toString());
    expect(() => reopenedWith(bench, definition)).toThrow(expect.objectContaining({ code: "handler_failed" }));
    bench.reopen();
    expect(bench.get("ann").view["title"]).toBe("old");
    expect(bench.stored.patches.map((patch) => Buffer.from(patch).toString())).toEqual(before);
  });

  test("a newer version's document is not opened", () => {
    const next = reopenedWith(storedByFirst(false), second(migrateCards));
    next.send("ann", "touch");
    expect(() => reopenedWith(next, first)).toThrow(expect.objectContaining({ code: "internal" }));
  });
});

describe("what the log holds is checked", () => {
  const open = (stored: object): unknown =>
    compileDocument(first).open(
      { space: "evolves", key: "k" },
      stored as { seq: number; isDeleted: boolean; patches: [] },
    );
  const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

  test.each<[string, object]>([
    ["not JSON", { seq: 1, isDeleted: false, patches: [new Uint8Array([255, 254])] }],
    ["another format", { seq: 1, isDeleted: false, patches: [bytes({ f: 99, v: 1, from: 0, to: 1 })] }],
    ["no range", { seq: 1, isDeleted: false, patches: [bytes({ f: 1, v: 1 })] }],
    ["a gap", { seq: 9, isDeleted: false, patches: [bytes({ f: 1, v: 1, from: 3, to: 9 })] }],
    ["the wrong head", { seq: 5, isDeleted: false, patches: [bytes({ f: 1, v: 1, from: 0, to: 1, created: true })] }],
    [
      "an unknown field",
      { seq: 1, isDeleted: false, patches: [bytes({ f: 1, v: 1, from: 0, to: 1, created: true, state: { x: 1 } })] },
    ],
    [
      "a wrong type",
      {
        seq: 1,
        isDeleted: false,
        patches: [bytes({ f: 1, v: 1, from: 0, to: 1, created: true, state: { gone: "x" } })],
      },
    ],
    ["no state", { seq: 1, isDeleted: false, snapshot: bytes({ f: 1, v: 1, seq: 1 }), patches: [] }],
    ["nothing", { seq: 1, isDeleted: false, patches: [] }],
  ])("%s", (_name, stored) => {
    expect(() => open(stored)).toThrow(expect.objectContaining({ code: "internal" }));
  });
});

test("a viewer that resumes over a deploy holds what the migration made of the document", () => {
  const book = (version: number) =>
    defineDocument({
      space: "resumed",
      version,
      createsOnDemand: true,
      state: { title: t.string(), pages: t.int() },
      messages: (message) => ({ write: message((doc) => void doc.pages++) }),
      migrate: { 1: (doc) => void (doc.title = `of ${doc.pages} pages`) },
    });
  const document = createTestDocument(book(1));
  const player = document.connect("alice");
  player.send("write");
  document.reload(book(2));
  expect(player.view).toEqual({ title: "of 1 pages", pages: 1 });
  player.send("write");
  expect(player.view).toEqual({ title: "of 1 pages", pages: 2 });
});

test("a migration that fails leaves everybody with what was there", () => {
  const book = (version: number) =>
    defineDocument({
      space: "failing",
      version,
      createsOnDemand: true,
      state: { pages: t.int() },
      messages: (message) => ({ write: message((doc) => void doc.pages++) }),
    });
  const document = createTestDocument(book(1));
  const player = document.connect("alice");
  expect(() => document.reload(book(2))).toThrow(/migration failed/);
  player.send("write");
  expect(player.view).toEqual({ pages: 1 });
});

test("of many records the one that lacks a field is found, wherever it is", () => {
  const Inner = record({ n: t.int().optional() });
  const shape = (rank: Record<string, unknown>) => ({
    rows: t.table(
      record({ inner: t.map(Inner), at: record({ cells: t.map(record({ note: t.string(), ...(rank as object) })) }) }),
    ),
  });
  const define = (version: number, rank: Record<string, unknown>, migrate: object) =>
    defineDocument({
      space: "deep",
      version,
      createsOnDemand: true,
      state: shape(rank),
      messages: (message) => ({
        // oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
        fill: message((doc: any) => {
          for (let row = 0; row < 50; row++)
            doc.rows.insert({ inner: { a: {} }, at: { cells: { x: { note: "" }, y: { note: "" } } } });
        }),
      }),
      migrate: migrate as Record<number, () => void>,
    });
  const document = createTestDocument(define(1, {}, {}));
  document.send("ann", "fill");
  // oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
  const assign = (skipped: string) => (doc: any) => {
    for (const row of doc.rows) for (const [key, cell] of row.at.cells) if (row.id + key !== skipped) cell.rank = 1;
  };
  const rank = { rank: t.int() };
  expect(() => document.reload(define(2, rank, { 1: assign("47y") }))).toThrow(
    'doc.rows.get("47").at.cells.get("y").rank without a value',
  );
  document.reload(define(2, rank, { 1: assign("") }));
  expect(document.view("ann")).toMatchObject({ rows: expect.arrayContaining([expect.objectContaining({ id: "47" })]) });
});
