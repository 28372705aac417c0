import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { type DocumentOf, type DocumentView, defineDocument, message, record, t } from "../src/index.ts";
import { createTestDocument } from "../src/testing.ts";

const Point = record({ x: t.int(), y: t.number().optional(), color: t.enum("red", "blue").default("blue") });
const Piece = record({
  rank: t.int(),
  owner: t.principal().optional(),
  at: Point,
  goal: Point.optional(),
  tags: t.list(t.string()),
  extra: t.json<{ readonly note: string }>().optional(),
});

/** Every line beneath an expected error is one that an author must not be able to write. */
const game = defineDocument({
  space: "typed",
  createsOnDemand: true,
  state: {
    count: t.int(),
    phase: t.enum("lobby", "play"),
    title: t.string().optional(),
    words: t.list(t.string()),
    best: Piece.optional(),
    pieces: t.table(Piece),
  },
  viewState: z.object({ zoom: z.number() }),
  views: { mine: (doc, viewer) => doc.pieces.where({ owner: viewer.principal, rank: 1 }).orderBy("rank", "desc") },
  messages: (message) => ({
    write: message(z.object({ x: z.int() }), (doc, arg) => {
      doc.count = arg.x;
      doc.title = undefined;
      const piece = doc.pieces.insert({ rank: 1, at: { x: arg.x } });
      piece.goal = Point.from({ x: arg.x + 1 });
      piece.at = Point.from({ x: 0, y: 0.5 });
      doc.best = Piece.from({ rank: 2, at: { x: 1 }, tags: ["a"] });
      return { id: piece.id, words: doc.words.map((word) => word.length) };
    }),
    mistakes: message((doc) => {
      // @ts-expect-error -- another type
      doc.count = "5";
      // @ts-expect-error -- an unknown word
      doc.phase = "over";
      // @ts-expect-error -- a container
      doc.words = [];
      // @ts-expect-error -- an unknown field
      doc.unknown = 1;
      // @ts-expect-error -- null
      doc.title = null;
      // @ts-expect-error -- another type of element
      doc.words.push(5);
      // @ts-expect-error -- a field is missing
      doc.pieces.insert({ rank: 1 });
      // @ts-expect-error -- a field is missing
      doc.best = Piece.from({ rank: 1 });
      const piece = doc.pieces.get("1");
      // @ts-expect-error -- there may be none
      piece.rank = 1;
      // @ts-expect-error -- an id stays
      if (piece !== undefined) piece.id = "2";
    }),
    questions: message((doc) => {
      // @ts-expect-error -- an unknown field
      doc.pieces.where({ unknown: 1 });
      // @ts-expect-error -- another type
      doc.pieces.where({ rank: "1" });
      // @ts-expect-error -- a list
      doc.pieces.where({ tags: [] });
      // @ts-expect-error -- a nested record
      doc.pieces.where({ at: Point.from({ x: 1 }) });
      // @ts-expect-error -- JSON
      doc.pieces.where({ extra: { note: "" } });
      // @ts-expect-error -- a nested record
      doc.pieces.orderBy("at");
      // @ts-expect-error -- another direction
      doc.pieces.orderBy("rank", "down");
    }),
  }),
});

describe("what an author writes", () => {
  test("is typed, and a record is assigned as plain data without what may be left out", () => {
    const document = createTestDocument(game);
    const ann = document.connect("ann", { zoom: 1 });
    const { id, words }: { id: string; words: number[] } = ann.send("write", { x: 4 });
    expect([id, words]).toEqual(["1", []]);
    expect(ann.view.pieces).toEqual([
      { id: "1", rank: 1, tags: [], at: { x: 0, y: 0.5, color: "blue" }, goal: { x: 5, color: "blue" } },
    ]);
    expect(ann.view.best).toEqual({ rank: 2, tags: ["a"], at: { x: 1, color: "blue" } });
    const goal: number | undefined = ann.view.pieces[0]?.goal?.x;
    expect(goal).toBe(5);
    // @ts-expect-error -- a view is read
    expect(() => Object.freeze(ann.view).count++).toThrow(TypeError);
  });

  test("a migration may stand beside its version, above the computed values", () => {
    const definition = defineDocument({
      space: "moved-up",
      version: 2,
      migrate: { 1: (doc, old: { n: number }) => void (doc.n = old.n) },
      createsOnDemand: true,
      state: { n: t.int() },
      computed: { twice: (doc) => doc.n * 2 },
    });
    const twice: number = createTestDocument(definition).connect("ann").view.twice;
    expect(twice).toBe(0);
  });

  test("mistakes are refused without types as well", () => {
    const document = createTestDocument(game);
    for (const name of ["mistakes", "questions"] as const) {
      expect(() => document.send("ann", name)).toThrow(expect.objectContaining({ code: "handler_failed" }));
    }
    expect(document.exists).toBe(false);
  });

  test("and so are arguments and view states of another type", () => {
    const document = createTestDocument(game);
    const refused = expect.objectContaining({ code: "invalid_argument" });
    // @ts-expect-error -- another type
    expect(() => document.send("ann", "write", { x: "4" })).toThrow(refused);
    // @ts-expect-error -- nothing
    expect(() => document.send("ann", "write")).toThrow(refused);
    // @ts-expect-error -- another type
    expect(() => document.connect("ann", { zoom: "1" })).toThrow(refused);
    // @ts-expect-error -- an unknown message
    expect(() => document.send("ann", "unknown")).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});

describe("messages that are made with the imported `message`", () => {
  const state = { count: t.int(), words: t.map(t.string()) };
  type Doc = DocumentOf<typeof state>;

  test("know the document by what their handlers annotate", () => {
    const counter = defineDocument({
      space: "loose",
      createsOnDemand: true,
      state,
      messages: {
        add: message(t.int(), (doc: Doc, by) => (doc.count += by)),
        // Less than the whole document will do.
        reset: message((doc: { count: number }) => void (doc.count = 0)),
      },
    });
    const document = createTestDocument(counter);
    const sum: number = document.send("ann", "add", 3);
    expect(sum).toBe(3);
    document.send("ann", "reset");
    expect(document.view("ann").count).toBe(0);
    // @ts-expect-error -- another type
    expect(() => document.send("ann", "add", "3")).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  test("know it where nothing is annotated, wherever they stand, with what is computed before them", () => {
    const game = defineDocument({
      messages: {
        play: message(z.object({ tile: z.int() }), (doc, arg, ctx) => {
          const tile: number = arg.tile;
          // @ts-expect-error -- an unknown word
          if (tile < 0) doc.phase = "over";
          // @ts-expect-error -- an unknown field
          if (tile < 0) doc.unknown = 1;
          doc.phase = "play";
          doc.tiles.push(tile);
          return { score: tile + 1, by: ctx.principal.agent };
        }),
        wave: message((_doc, _arg, ctx) => ctx.principal.agent),
      },
      space: "loose",
      createsOnDemand: true,
      state: { phase: t.enum("lobby", "play"), tiles: t.list(t.int()) },
    });
    const document = createTestDocument(game);
    const { score }: { score: number } = document.send("ann", "play", { tile: 3 });
    expect([score, document.send("ann", "wave")]).toEqual([4, "ann"]);
    expect(document.view("ann")).toMatchObject({ phase: "play", tiles: [3] });
    // @ts-expect-error -- another type
    expect(() => document.send("ann", "play", {})).toThrow(expect.objectContaining({ code: "invalid_argument" }));

    const summed = defineDocument({
      space: "summed",
      createsOnDemand: true,
      state: { tiles: t.list(t.int()) },
      computed: { count: (doc) => doc.tiles.length },
      messages: {
        add: message(t.int(), (doc, tile) => {
          // @ts-expect-error -- another type
          const wrong: string = doc.count;
          return [doc.tiles.push(tile), wrong];
        }),
      },
    });
    expect(createTestDocument(summed).send("ann", "add", 3)).toEqual([1, 0]);
  });

  test("know no document where they stand alone, until their handlers say for which they are", () => {
    // @ts-expect-error -- nobody knows what it is
    const lone = message((doc) => doc.count);
    const greet = message((_doc, _arg, ctx) => ctx.principal.agent);
    const add = message(t.int(), (doc: Doc, by) => (doc.count += by));
    const other = message((doc: { points: number }) => doc.points);
    const define = (): unknown =>
      // @ts-expect-error -- a message of another document
      defineDocument({ space: "alone", state, messages: { other } });
    expect(define).not.toThrow();
    const twice = message(t.int(), (doc: Doc, by, ctx) => add(doc, by, ctx) + add(doc, by, ctx));
    const alone = defineDocument({
      space: "alone",
      createsOnDemand: true,
      state,
      messages: { lone, greet, add, twice },
    });
    const document = createTestDocument(alone);
    const sum: number = document.send("ann", "twice", 3);
    expect([sum, document.send("ann", "lone"), document.send("ann", "greet")]).toEqual([9, 6, "ann"]);
  });

  test("may share a handler, which stays as it was", () => {
    const handler = (doc: Doc, by: number): number => (doc.count += by);
    const shared = defineDocument({
      space: "shared",
      createsOnDemand: true,
      state,
      messages: {
        add: message(t.int(), handler),
        once: message((doc: Doc) => handler(doc, 1)),
        small: message(t.int().max(1), handler),
      },
    });
    const document = createTestDocument(shared);
    expect([document.send("ann", "add", 3), document.send("ann", "once"), document.send("ann", "small", 1)]).toEqual([
      3, 4, 5,
    ]);
    expect(() => document.send("ann", "small", 2)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(Object.keys(handler)).toEqual([]);
  });
});

describe("views that give containers", () => {
  const Player = record({ score: t.int(), secret: t.string() }).visibleFields({
    secret: (_row, viewer) => viewer.principal.agent === "ann",
  });
  const board = defineDocument({
    space: "maps",
    createsOnDemand: true,
    state: {
      players: t.map(Player).private(),
      words: t.map(t.string()).private(),
      tags: t.list(t.string()).private(),
      isOpen: t.boolean(),
    },
    views: {
      everybody: (doc) => doc.players,
      dictionary: (doc) => doc.words,
      labels: (doc) => doc.tags,
      either: (doc) => (doc.isOpen ? doc.players : doc.players.where({ score: 1 })),
      // A mistake of its author.
      within: (doc) => ({ words: doc.words }),
    },
    messages: (message) => ({
      set: message(record({ key: t.string(), score: t.int() }), (doc, { key, score }) => {
        doc.players.set(key, { score, secret: `of ${key}` });
        doc.words.set(key, `is ${score}`);
        doc.tags.push(key);
      }),
      score: message(t.string(), (doc, key) => void doc.players.get(key)!.score++),
      remove: message(t.string(), (doc, key) => {
        doc.players.delete(key);
        doc.words.delete(key);
      }),
      open: message((doc) => void (doc.isOpen = !doc.isOpen)),
    }),
  });

  test("give maps as objects and lists as arrays, with the types of that", () => {
    const document = createTestDocument(board);
    const ann = document.connect("ann");
    const bob = document.connect("bob");
    for (const key of ["zoe", "__proto__", "cid"]) document.send("ann", "set", { key, score: 1 });
    const everybody: DocumentView<typeof board>["everybody"] = bob.view.everybody;
    const score: number | undefined = everybody["zoe"]?.score;
    const word: string | undefined = bob.view.dictionary["zoe"];
    const labels: readonly string[] = bob.view.labels;
    expect([score, word, labels]).toEqual([1, "is 1", ["zoe", "__proto__", "cid"]]);
    expect(Object.keys(everybody).sort()).toEqual(["__proto__", "cid", "zoe"]);
    expect(ann.view.everybody["cid"]).toEqual({ score: 1, secret: "of cid" });
    // @ts-expect-error -- methods stay on the host
    expect(() => bob.view.everybody.where({ score: 1 })).toThrow(TypeError);
  });

  test("tell what changed in them, and nothing else", () => {
    const document = createTestDocument(board);
    const bob = document.connect("bob");
    for (const key of ["zoe", "cid"]) document.send("ann", "set", { key, score: 1 });
    const before = bob.received.length;
    document.send("ann", "score", "zoe");
    expect(bob.received.slice(before)).toContain('"everybody":{"zoe":{"score":2}}');
    expect(bob.received.slice(before)).not.toContain('"cid":');
    document.send("ann", "remove", "zoe");
    expect(bob.view.everybody).toEqual({ cid: { score: 1 } });
    expect(bob.view.either).toEqual([{ score: 1 }]);
    document.send("ann", "open");
    expect(bob.view.either).toEqual({ cid: { score: 1 } });
    document.send("ann", "remove", "cid");
    expect([bob.view.everybody, bob.view.dictionary, bob.view.either]).toEqual([{}, {}, {}]);
    document.reload();
    expect(bob.view.everybody).toEqual({});
    expect(bob.received).not.toContain("of ");
  });

  test("say what to do where one is within an object", () => {
    const document = createTestDocument(board);
    document.send("ann", "set", { key: "zoe", score: 1 });
    expect(document.view("ann")).not.toHaveProperty("within");
    expect(document.faults[0]).toMatchObject({ message: expect.stringMatching(/"within".*make it a view of its own/) });
  });
});
