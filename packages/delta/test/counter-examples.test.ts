import { describe, expect, test } from "@jest/globals";
import { applyDelta, composeDeltas, diffViews, type JsonObject, type ViewState } from "../src/index.ts";
import { fingerprint, list, object, viewFrom } from "./support/views.ts";

/** Both ways round must end at the same place, and it must be `expected`. */
function expectBothWays(view: ViewState, first: JsonObject, second: JsonObject, expected: JsonObject): void {
  const oneByOne = applyDelta(applyDelta(view, first), second);
  const merged = applyDelta(view, composeDeltas(first, second));
  expect(oneByOne.value).toEqual(expected);
  expect(fingerprint(merged)).toBe(fingerprint(oneByOne));
}

const card = (rank: number) => object({ rank });
const numbers = (...keys: string[]): ViewState =>
  viewFrom(object({ list: list(...keys.map((key) => [key, card(Number(key))] as const)) }), 1);
const ranks = (...keys: number[]): JsonObject => ({ list: keys.map((rank) => ({ rank })) });

describe("where earlier formats of this kind went wrong (research/adama.md section 2)", () => {
  test("1: one element of a list of scalars changes, the length stays", () => {
    const from = viewFrom(object({ list: [1, 2, 3] }), 1);
    const to = viewFrom(object({ list: [1, 9, 3] }), 2);
    const delta = diffViews(from, to);
    expect(delta).toEqual({ "@s": 2, list: [1, 9, 3] });
    expectBothWays(from, delta, { "@s": 3 }, { list: [1, 9, 3] });
  });

  test("2: deleted, then created again: what stood before is gone", () => {
    const view = viewFrom(object({ o: object({ x: 1, y: 2 }) }), 1);
    const [first, second] = [
      { "@s": 2, o: null },
      { "@s": 3, o: { x: 5 } },
    ];
    expect(composeDeltas(first, second)).toEqual({ "@s": 3, o: { "@r": true, x: 5 } });
    expectBothWays(view, first, second, { o: { x: 5 } });
  });

  test("3: ranges of two orders refer to different bases", () => {
    const first = { "@s": 2, list: { "5": { rank: 5 }, "@o": ["5", [0, 3]] } };
    const second = { "@s": 3, list: { "4": null, "@o": [[0, 3]] } };
    expect(composeDeltas(first, second)).toEqual({
      "@s": 3,
      list: { "4": null, "5": { rank: 5 }, "@o": ["5", [0, 2]] },
    });
    expectBothWays(numbers("1", "2", "3", "4"), first, second, ranks(5, 1, 2, 3));
  });

  test("4: a list deleted, then created again as an object", () => {
    const [first, second] = [
      { "@s": 2, list: null },
      { "@s": 3, list: { "1": { rank: 7 } } },
    ];
    expectBothWays(numbers("1", "2"), first, second, { list: { "1": { rank: 7 } } });
  });

  test("5: an element deleted and added again with other fields keeps none of the old ones", () => {
    const view = viewFrom(object({ list: list(["1", object({ rank: 1, face: "hidden" })]) }), 1);
    const first = { "@s": 2, list: { "1": null, "@o": [] } };
    const second = { "@s": 3, list: { "1": { rank: 2 }, "@o": ["1"] } };
    expectBothWays(view, first, second, { list: [{ rank: 2 }] });
  });

  test("6: null inside an array stays null", () => {
    const view = viewFrom(object({}), 1);
    expectBothWays(view, { "@s": 2, a: [null, [null], { x: null }] }, { "@s": 3 }, { a: [null, [null], { x: null }] });
  });

  test("a scalar that becomes an object, and an object a scalar", () => {
    const view = viewFrom(object({ o: object({ x: 1 }) }), 1);
    expectBothWays(view, { "@s": 2, o: 5 }, { "@s": 3, o: { y: 1, z: null } }, { o: { y: 1 } });
    expectBothWays(view, { "@s": 2, o: { y: 1 } }, { "@s": 3, o: false }, { o: false });
  });

  test("a list that becomes an object and a list again", () => {
    const first = { "@s": 2, list: { "@r": true, "1": 1 } };
    const second = { "@s": 3, list: { "@r": true, "@o": ["9"], "9": { rank: 9 } } };
    expectBothWays(numbers("1", "2"), first, second, ranks(9));
    expectBothWays(numbers("1", "2"), first, { "@s": 3, list: { "2": 2 } }, { list: { "1": 1, "2": 2 } });
  });

  test("ranges over a replaced list become its keys", () => {
    const first = {
      "@s": 2,
      list: { "@r": true, "@o": ["7", "8", "9"], "7": { rank: 7 }, "8": { rank: 8 }, "9": { rank: 9 } },
    };
    const second = {
      "@s": 3,
      list: {
        "8": null,
        "@o": [
          [2, 2],
          [0, 0],
        ],
      },
    };
    expect(composeDeltas(first, second)).toEqual({
      "@s": 3,
      list: { "@r": true, "@o": ["9", "7"], "7": { rank: 7 }, "9": { rank: 9 } },
    });
    expectBothWays(numbers("1", "2"), first, second, ranks(9, 7));
  });

  test("hidden in the first and shown again in the second: the old value is not merged back", () => {
    const view = viewFrom(object({ secret: object({ a: 1, b: 2 }) }), 1);
    expectBothWays(view, { "@s": 2, secret: null }, { "@s": 3, secret: { a: 3 } }, { secret: { a: 3 } });
  });

  test("shown in the first and hidden in the second: the merged delta does not carry it", () => {
    const merged = composeDeltas(
      { "@s": 2, secret: { word: "swordfish" }, list: { "1": { face: "swordfish" } } },
      { "@s": 3, secret: null, list: { "1": { face: null } } },
    );
    expect(merged).toEqual({ "@s": 3, secret: null, list: { "1": { face: null } } });
  });

  test("names that mean something to JavaScript are data", () => {
    const view = viewFrom(object({}), 1);
    const first = JSON.parse('{"@s":2,"__proto__":{"x":1},"constructor":{"prototype":1},"10":1,"9":2}') as JsonObject;
    const second = JSON.parse(
      '{"@s":3,"__proto__":{"y":2},"constructor":{"prototype":null,"toString":1}}',
    ) as JsonObject;
    const expected = JSON.parse('{"__proto__":{"x":1,"y":2},"constructor":{"toString":1},"10":1,"9":2}') as JsonObject;
    const reached = applyDelta(applyDelta(view, first), second);
    expect(JSON.stringify(reached.value)).toBe(JSON.stringify(expected));
    expect(Object.getPrototypeOf(reached.value)).toBe(Object.prototype);
    expect(fingerprint(applyDelta(view, composeDeltas(first, second)))).toBe(fingerprint(reached));
    const gone = applyDelta(
      reached,
      JSON.parse('{"@s":4,"__proto__":null,"constructor":null,"valueOf":null}') as JsonObject,
    );
    expect(gone.value).toEqual({ "10": 1, "9": 2 });
  });
});
