import { describe, expect, test } from "@jest/globals";
import {
  compileDocument,
  type DocumentDefinition,
  defineDocument,
  type Fields,
  record,
  successorProblem,
  t,
} from "../src/index.ts";

const name = { space: "successor", key: "a" };
const define = (state: Fields, version = 1, migrate: Readonly<Record<number, () => void>> = {}): DocumentDefinition =>
  defineDocument({ space: "successor", version, state, migrate });

const Card = record({ suit: t.enum("clubs", "hearts"), rank: t.int().min(1).max(9), note: t.string(10).optional() });
const state = {
  title: t.string(20),
  cards: t.table(Card),
  byName: t.map(Card),
  top: Card.optional(),
  hands: t.list(t.int()),
};
const older = define(state);

describe("with the same version", () => {
  test.each<[string, Fields]>([
    ["the same", state],
    ["other defaults and audiences", { ...state, title: t.string(20).default("x").private() }],
    ["more room", { ...state, title: t.string() }],
    ["an index", { ...state, cards: t.table(Card).index("suit") }],
    [
      "new optional fields and containers",
      { ...state, more: t.int().optional(), list: t.list(t.string()), map: t.map(Card) },
    ],
    [
      "more words and numbers",
      {
        ...state,
        cards: t.table(record({ ...Card.fields, suit: t.enum("hearts", "spades", "clubs"), rank: t.int() })),
      },
    ],
    ["a field that may be absent now", { ...state, title: t.string(20).optional() }],
  ])("%s is taken, and opens what is stored", (_what, newer) => {
    expect(successorProblem(older, define(newer))).toBeUndefined();
    const first = compileDocument(older).open(name, { seq: 0, isDeleted: false, patches: [] });
    first.execute({ kind: "create", principal: { agent: "alice", authority: "test" } }, 0);
    const patch = first.takePatch()!;
    const second = compileDocument(define(newer)).open(name, {
      seq: patch.toSeq,
      isDeleted: false,
      patches: [patch.data],
    });
    expect(second.exists).toBe(true);
  });

  test.each<[string, Fields, RegExp]>([
    [
      "a field that is gone",
      { ...state, title: undefined as never },
      /doc\.title is gone; raise version to 2 and say in migrate\[1\]/,
    ],
    ["another type", { ...state, title: t.int() }, /doc\.title was a string and is a int/],
    ["another container", { ...state, cards: t.map(Card) }, /doc\.cards was a table and is a map/],
    ["a new field that must be given", { ...state, more: t.int() }, /doc\.more is new and not optional/],
    [
      "a new field with a default, which no stored record has",
      { ...state, byName: t.map(record({ ...Card.fields, more: t.int().default(1) })) },
      /doc\.byName\[\]\.more is new/,
    ],
    ["less text", { ...state, title: t.string(10) }, /doc\.title takes less text/],
    [
      "fewer words",
      { ...state, cards: t.table(record({ ...Card.fields, suit: t.enum("clubs") })) },
      /doc\.cards\[\]\.suit has no "hearts" any more/,
    ],
    [
      "fewer numbers",
      { ...state, byName: t.map(record({ ...Card.fields, rank: t.int().min(2).max(9) })) },
      /doc\.byName\[\]\.rank takes fewer numbers/,
    ],
    ["a bound where there was none", { ...state, hands: t.list(t.int().max(3)) }, /doc\.hands\[\] takes fewer numbers/],
    ["no absence any more", { ...state, top: Card }, /doc\.top was optional and is not/],
  ])("%s is refused with the place", (_what, newer, reason) => {
    const fields = Object.fromEntries(Object.entries(newer).filter(([, field]) => (field as unknown) !== undefined));
    expect(successorProblem(older, define(fields))).toMatch(reason);
  });
});

test("a smaller version is refused, a larger one needs a migration for each step", () => {
  expect(successorProblem(define(state, 3), define(state, 2))).toMatch(/version went back from 3 to 2/);
  expect(successorProblem(older, define({}, 3, { 1: () => {} }))).toBe("there is no migration from version 2");
  expect(successorProblem(older, define({}, 3, { 1: () => {}, 2: () => {} }))).toBeUndefined();
});
