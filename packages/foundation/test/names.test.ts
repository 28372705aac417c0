import { describe, expect, test } from "@jest/globals";
import { checkedMarker, documentName, documentPath } from "../src/index.ts";

describe("documentName", () => {
  test.each([
    ["abc", "k"],
    ["board-game", "G.1_x-2"],
    [`a${"b".repeat(62)}`, "k".repeat(511)],
    ["conformance", "__proto__"],
  ])("takes %s/%s", (space, key) => {
    expect(documentPath(documentName(space, key))).toBe(`${space}/${key}`);
  });

  test.each([
    ["ab", "k"],
    ["Abc", "k"],
    ["1bc", "k"],
    [`a${"b".repeat(63)}`, "k"],
    ["abc", ""],
    ["abc", "a/b"],
    ["abc", "ä"],
    ["abc", "k".repeat(512)],
    ["abc\n", "k"],
    ["abc", "k\n"],
    [undefined, "k"],
    ["abc", 7],
  ])("refuses %p/%p", (space, key) => {
    expect(() => documentName(space, key)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});

describe("checkedMarker", () => {
  test("takes printable ASCII up to 128 characters", () => {
    expect(checkedMarker("a b~")).toBe("a b~");
    expect(checkedMarker("x".repeat(128))).toHaveLength(128);
  });

  test.each(["", "x".repeat(129), "é", "a\tb", 5, null, undefined])("refuses %p", (marker) => {
    expect(() => checkedMarker(marker)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
