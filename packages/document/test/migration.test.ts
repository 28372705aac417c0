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

describe("a field that must have a value, and that a migration forgets", () => {
  const Line = record({ note: t.string(), n: t.int().default(3), more: t.string().optional() });
  const older = defineDocument({
    space: "forgets",
    createsOnDemand: true,
    state: { title: t.string(), size: t.string(), lines: t.table(record({ note: t.string() })), by: t.map(Line) },
    messages: (message) => ({
      fill: message((doc) => {
        doc.size = "secret size";
        doc.lines.insert({ note: "a" });
        doc.lines.insert({ note: "b" });
        doc.by.set("ann", { note: "c" });
      }),
    }),
  });

  // oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
  function reloaded(state: any, migrate: Record<number, (doc: any, old: any) => void>, version = 2): any {
    const document = createTestDocument(older);
    const ann = document.connect("ann");
    document.send("ann", "fill");
    const before = { view: ann.view, seq: document.seq };
    const newer = defineDocument({ space: "forgets", version, createsOnDemand: true, state, migrate });
    try {
      document.reload(newer);
    } catch (thrown) {
      // The stored document is as it was, and so is everybody who watches.
      document.reload();
      expect({ view: document.view("ann"), seq: document.seq }).toEqual(before);
      throw thrown;
    }
    return document.view("ann");
  }

  const { size: _size, ...others } = {
    title: t.string(),
    size: t.string(),
    lines: t.table(record({ note: t.string() })),
    by: t.map(Line),
  };
  const ranked = t.table(record({ note: t.string(), rank: t.int() }));
  const at = record({ x: t.int(), y: t.int().default(7) });

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  test.each<readonly [string, any, Record<number, (doc: any, old: any) => void>, string]>([
    [
      "a new field of the document",
      { ...others, total: t.int() },
      { 1: () => {} },
      "migrate[1] leaves doc.total without a value: it is required (int), and nothing was stored for it. Assign it there, or give its schema a default or make it optional",
    ],
    [
      "one of another type",
      { ...others, size: t.int() },
      { 1: () => {} },
      "migrate[1] leaves doc.size without a value: it is required (int), and what was stored does not fit (string)",
    ],
    [
      "one of a record of a table",
      { ...others, lines: ranked },
      { 1: (doc) => void (doc.lines.get("1").rank = 1) },
      'migrate[1] leaves doc.lines.get("2").rank without a value',
    ],
    [
      "one of a record of a map",
      { ...others, by: t.map(record({ note: t.int() })) },
      { 1: () => {} },
      'migrate[1] leaves doc.by.get("ann").note without a value: it is required (int), and what was stored does not fit (string)',
    ],
    ["one of a nested record", { ...others, at }, { 1: () => {} }, "migrate[1] leaves doc.at.x without a value"],
    [
      "a principal",
      { ...others, owner: t.principal() },
      { 1: () => {} },
      "migrate[1] leaves doc.owner without a value",
    ],
  ])("is an error that names it: %s", (_what, state, migrate, text) => {
    expect(() => reloaded(state, migrate)).toThrow(expect.objectContaining({ message: expect.stringContaining(text) }));
  });

  test("over several versions, all of which may have forgotten it", () => {
    expect(() => reloaded({ ...others, total: t.int() }, { 1: () => {}, 2: () => {} }, 3)).toThrow(
      /migrate\[1\] to migrate\[2\] leave doc\.total without a value/,
    );
  });

  test("is named with its step when the migration throws, too", () => {
    const fails = (): void => {
      throw new Error("no such thing");
    };
    expect(() => reloaded(others, { 1: () => {}, 2: fails }, 3)).toThrow(/migrate\[2\] threw: no such thing/);
  });

  test("is none where the schema has a default or the field is optional", () => {
    const Ranked = record({ note: t.string(), rank: t.int().default(5), tag: t.string().optional(), at });
    const state = { ...others, lines: t.table(Ranked), level: t.enum("low", "high").default("high") };
    // oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
    const assign = (doc: any): void => doc.lines.map((line: any) => (line.at.x = Number(line.id)));
    expect(reloaded(state, { 1: assign })).toEqual({
      title: "",
      level: "high",
      by: { ann: { note: "c", n: 3 } },
      lines: [
        { id: "1", note: "a", rank: 5, at: { x: 1, y: 7 } },
        { id: "2", note: "b", rank: 5, at: { x: 2, y: 7 } },
      ],
    });
  });

  test("nor is a document opened that lacks one because the schema changed without a version", () => {
    expect(() => reloaded({ ...others, size: t.string(), total: t.int() }, {}, 1)).toThrow(
      /doc\.total is required and has no value/,
    );
  });
});

describe("elements that no longer fit, and of which a migration says nothing", () => {
  const older = defineDocument({
    space: "drops",
    createsOnDemand: true,
    state: {
      points: t.map(t.string()),
      tags: t.list(t.string()),
      cells: t.table(record({ marks: t.map(t.string()) })),
      notes: t.list(t.string()),
      none: t.list(t.string()),
      size: t.string(),
    },
    messages: (message) => ({
      fill: message((doc) => {
        for (const key of ["ann", "bob", "__proto__"]) doc.points.set(key, "7");
        doc.tags.push("x", "secret");
        doc.cells.insert({ marks: { a: "1" } });
        doc.cells.insert({ marks: { b: "2" } });
        doc.notes.push("n");
        doc.size = "large";
      }),
    }),
  });
  const same = {
    points: t.map(t.string()),
    tags: t.list(t.string()),
    cells: t.table(record({ marks: t.map(t.string()) })),
    notes: t.list(t.string()),
    none: t.list(t.string()),
    size: t.string(),
  };

  // oxlint-disable-next-line typescript/no-explicit-any -- two versions of a schema at once
  type Migrations = Record<number, (doc: any, old: any) => void>;

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  function reloaded(changed: Partial<typeof same> | Record<string, any>, migrate: Migrations, version = 2): any {
    const document = createTestDocument(older);
    document.connect("ann");
    document.send("ann", "fill");
    const before = { view: document.view("ann"), seq: document.seq };
    try {
      document.reload(
        defineDocument({ space: "drops", version, createsOnDemand: true, state: { ...same, ...changed }, migrate }),
      );
    } catch (thrown) {
      document.reload();
      expect({ view: document.view("ann"), seq: document.seq }).toEqual(before);
      throw thrown;
    }
    return document.view("ann");
  }

  const marked = t.table(record({ marks: t.map(t.int()) }));

  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  test.each<readonly [string, any, Migrations, string]>([
    [
      "scalars of a map",
      { points: t.map(t.int()) },
      { 1: () => {} },
      'migrate[1] drops doc.points.get("__proto__"), and 2 more like it: what was stored does not fit (string). Put it there in its new form, or say that it goes with delete or clear',
    ],
    [
      "one that was forgotten",
      { points: t.map(t.int()) },
      { 1: (doc) => ["__proto__", "ann"].forEach((key) => doc.points.set(key, 7)) },
      'migrate[1] drops doc.points.get("bob"): what',
    ],
    [
      "a map of records now",
      { points: t.map(record({ n: t.int().default(0) })) },
      { 1: () => {} },
      'drops doc.points.get("__proto__"), and 2 more',
    ],
    [
      "a list, of which not all fit",
      { tags: t.list(t.enum("x", "y")) },
      { 1: () => {} },
      "migrate[1] drops doc.tags: what was stored does not fit (string in an array)",
    ],
    [
      "a map in a record",
      { cells: marked },
      { 1: (doc) => doc.cells.get("1").marks.set("a", 1) },
      'drops doc.cells.get("2").marks.get("b"): what',
    ],
    [
      "a list that became a map",
      { notes: t.map(t.string()) },
      { 1: () => {} },
      "drops doc.notes: what was stored does not fit (an array)",
    ],
    [
      "a map that became a table",
      { points: t.table(record({ n: t.int() })) },
      { 1: () => {} },
      "drops doc.points: what",
    ],
    ["a table that became a map", { cells: t.map(record({ n: t.int() })) }, { 1: () => {} }, "drops doc.cells: what"],
    [
      "a scalar that became a list",
      { size: t.list(t.string()) },
      { 1: () => {} },
      "drops doc.size: what was stored does not fit (string)",
    ],
  ])("are an error that names the first: %s", (_what, changed, migrate, text) => {
    expect(() => reloaded(changed, migrate)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(text) }),
    );
  });

  test("over several versions", () => {
    expect(() => reloaded({ points: t.map(t.int()) }, { 1: () => {}, 2: () => {} }, 3)).toThrow(
      /migrate\[1\] to migrate\[2\] drop doc\.points/,
    );
  });

  test.each<readonly [string, Record<string, unknown>, Migrations, Record<string, unknown>]>([
    [
      "taken over from what was stored",
      { points: t.map(t.int()), tags: t.list(t.enum("x", "y")), none: t.map(t.int()) },
      {
        1: (doc, old) => {
          for (const key of Object.keys(old.points)) doc.points.set(key, Number(old.points[key]));
          doc.tags.replace(old.tags.filter((tag: string) => tag === "x"));
        },
      },
      {
        points: Object.fromEntries([
          ["__proto__", 7],
          ["ann", 7],
          ["bob", 7],
        ]),
        tags: ["x"],
        none: {},
      },
    ],
    [
      "deleted, one by one",
      { points: t.map(t.int()) },
      { 1: (doc, old) => Object.keys(old.points).forEach((key) => doc.points.delete(key)) },
      { points: {} },
    ],
    [
      "cleared",
      { points: t.map(t.int()), tags: t.list(t.int()), notes: t.table(record({ n: t.int() })) },
      {
        1: (doc) => {
          doc.points.clear();
          doc.tags.clear();
          doc.notes.clear();
        },
      },
      { points: {}, tags: [], notes: [] },
    ],
    [
      "gone with the record they were in",
      { cells: marked },
      { 1: (doc) => void (doc.cells.delete("1"), doc.cells.delete("2")) },
      { cells: [] },
    ],
    ["set by a later step", { notes: t.list(t.int()) }, { 1: (doc) => doc.notes.push(1) }, { notes: [1] }],
  ])("are none when they are %s", (_what, changed, migrate, view) => {
    expect(reloaded(changed, migrate)).toMatchObject(view);
  });
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
