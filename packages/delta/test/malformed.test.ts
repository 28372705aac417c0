import { describe, expect, test } from "@jest/globals";
import { ServiceError } from "@tidewire/foundation";
import {
  applyDelta,
  composeDeltas,
  depthMax,
  type JsonObject,
  type JsonValue,
  ViewReplica,
  viewOf,
} from "../src/index.ts";

const start: JsonObject = {
  "@s": 5,
  n: 1,
  o: { x: 1 },
  scalars: [1, 2],
  list: { "@o": ["a", "b", "c"], a: { v: 1 }, b: { v: 2 }, c: { v: 3 } },
};

function expectInvalid(action: () => unknown, reason: string): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ServiceError);
  expect(thrown).toMatchObject({ code: "invalid_argument", details: { reason } });
}

function nested(depth: number): JsonValue {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}

const deltas: [name: string, reason: string, delta: JsonObject][] = [
  ["no @s", "seq", { n: 2 }],
  ["@s that is no integer", "seq", { "@s": 5.5 }],
  ["@s as text", "seq", { "@s": "6" }],
  ["@s that goes back", "seq", { "@s": 4, n: 2 }],
  ["@h that is no hash", "hash", { "@s": 6, "@h": "xyz" }],
  ["@h in upper case", "hash", { "@s": 6, "@h": "EF46DB3751D8E999" }],
  ["an unknown reserved key", "reserved_key", { "@s": 6, "@x": 1 }],
  ["an unknown reserved key deep inside", "reserved_key", { "@s": 6, o: { new: { "@q": 1 } } }],
  ["@s below the root", "reserved_key", { "@s": 6, o: { "@s": 1 } }],
  ["@o at the root", "reserved_key", { "@s": 6, "@o": [] }],
  ["@r that is not true", "replace", { "@s": 6, o: { "@r": 1 } }],
  ["@o that is no array", "order", { "@s": 6, list: { "@o": "a" } }],
  ["@o with a number", "order", { "@s": 6, list: { "@o": [1] } }],
  ["@o with a range backwards", "order", { "@s": 6, list: { "@o": [[2, 0]] } }],
  ["@o with a range of three", "order", { "@s": 6, list: { "@o": [[0, 1, 2]] } }],
  ["@o with a negative range", "order", { "@s": 6, list: { "@o": [[-1, 2]] } }],
  ["a range beyond the end", "order", { "@s": 6, list: { "@o": [[0, 3]] } }],
  ["a huge range", "order", { "@s": 6, list: { "@o": [[0, 2 ** 53 - 1]] } }],
  ["an element named twice", "order", { "@s": 6, list: { "@o": [[0, 2], "a"] } }],
  ["an element that is not there", "order", { "@s": 6, list: { b: null, "@o": ["a", "c", "d"] } }],
  ["an element that comes without @o", "order", { "@s": 6, list: { d: { v: 4 } } }],
  ["an element that leaves without @o", "order", { "@s": 6, list: { a: null } }],
  ["an element that leaves without null", "order", { "@s": 6, list: { "@o": ["a", "b"] } }],
  ["an element that comes and is not in @o", "order", { "@s": 6, list: { d: { v: 4 }, "@o": [[0, 2]] } }],
  ["@o on an object", "not_a_list", { "@s": 6, o: { "@o": [] } }],
  ["@o on a scalar", "not_a_list", { "@s": 6, n: { "@o": [] } }],
  ["@o on an array of scalars", "not_a_list", { "@s": 6, scalars: { "@o": [[0, 1]] } }],
  ["a range over nothing", "order", { "@s": 6, fresh: { "@o": [[0, 0]] } }],
  ["a range with @r", "order", { "@s": 6, list: { "@r": true, "@o": [[0, 0]] } }],
  ["nesting without end", "depth", { "@s": 6, deep: nested(depthMax + 1) }],
];

describe("a malformed delta", () => {
  test.each(deltas)("%s is refused and changes nothing", (_name, reason, delta) => {
    const replica = new ViewReplica();
    replica.applySnapshot(start);
    const { value, seq } = replica;
    const hash = replica.hash();
    // The good part comes first, so that a half-way change would show.
    expectInvalid(() => replica.applyDelta({ n: 99, ...delta }), reason);
    expect(replica.value).toBe(value);
    expect(replica.seq).toBe(seq);
    expect(replica.hash()).toBe(hash);
    expect(value).toEqual({ n: 1, o: { x: 1 }, scalars: [1, 2], list: [{ v: 1 }, { v: 2 }, { v: 3 }] });
    replica.applyDelta({ "@s": 6, list: { a: null, "@o": [[1, 2]] } });
    expect(replica.value["list"]).toEqual([{ v: 2 }, { v: 3 }]);
  });

  test("a malformed snapshot is refused and changes nothing", () => {
    const replica = new ViewReplica();
    replica.applySnapshot(start);
    const { value } = replica;
    expectInvalid(() => replica.applySnapshot({ "@s": 9, n: 5, list: { "@o": ["z"] } }), "order");
    expect(replica.value).toBe(value);
    expect(replica.seq).toBe(5);
  });

  test("a frame that is no object is refused", () => {
    const replica = new ViewReplica();
    expectInvalid(() => replica.applySnapshot([] as unknown as JsonObject), "seq");
  });

  test("deltas that cannot follow each other do not compose", () => {
    expectInvalid(() => composeDeltas({ "@s": 6 }, { "@s": 5 }), "seq");
    expectInvalid(() => composeDeltas({ "@s": 6, f: 1 }, { "@s": 7, f: { "@o": [] } }), "not_a_list");
    expectInvalid(() => composeDeltas({ "@s": 6, f: null }, { "@s": 7, f: { "@o": [[0, 0]] } }), "order");
    expectInvalid(
      () => composeDeltas({ "@s": 6, f: { "@o": ["a"], a: {} } }, { "@s": 7, f: { "@o": [[0, 1]] } }),
      "order",
    );
    expectInvalid(() => composeDeltas({ "@s": 6, "@x": 1 }, { "@s": 7 }), "reserved_key");
    expectInvalid(() => composeDeltas({ "@s": 6, a: nested(200) }, { "@s": 7, a: nested(200) }), "depth");
  });

  test("keys that do not fit their list make no view", () => {
    expectInvalid(() => viewOf({ list: [{}, {}] }, 1, () => ["a"]), "keys");
    expectInvalid(() => viewOf({ list: [{}, {}] }, 1, () => ["a", "a"]), "keys");
  });

  test("a delta that would pollute prototypes does not", () => {
    const delta = JSON.parse(
      '{"@s":6,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as JsonObject;
    applyDelta(viewOf({}, 1), delta);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
