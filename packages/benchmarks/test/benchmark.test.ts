import { describe, expect, test } from "@jest/globals";
import { judge, median, mediansOf } from "../src/benchmark.ts";
import { headerBytes } from "../src/game/play-game.ts";

describe("judging", () => {
  test("a target is met or missed at its bound", () => {
    expect(judge("a", "", 20.5, ">= 20.5").ok).toBe(true);
    expect(judge("a", "", 20.49, ">= 20.5").ok).toBe(false);
    expect(judge("a", "", 370, "<= 370").ok).toBe(true);
    expect(judge("a", "", 370.1, "<= 370").ok).toBe(false);
    expect(() => judge("a", "", 1, "about 3")).toThrow();
  });

  test("medians of rounds", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => median([])).toThrow();
    expect(mediansOf([{ a: 1 }, { a: 9 }, { a: 5 }])).toEqual({ a: 5 });
  });

  test("the header of a WebSocket frame grows with its payload", () => {
    expect([125, 126, 65_535, 65_536].map(headerBytes)).toEqual([2, 4, 4, 10]);
  });
});
