import { describe, expect, test } from "@jest/globals";
import { defineDocument, record, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";

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
