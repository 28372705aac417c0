import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { defineDocument, record, t } from "../src/index.ts";
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
