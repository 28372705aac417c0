import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { SeededRandom } from "../src/index.ts";

describe("SeededRandom", () => {
  test("one seed, one sequence; another seed, another", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        const draw = (random: SeededRandom) => Array.from({ length: 8 }, () => random.bits());
        expect(draw(new SeededRandom(seed))).toEqual(draw(new SeededRandom(seed)));
        expect(draw(new SeededRandom(seed))).not.toEqual(draw(new SeededRandom(seed + 1)));
      }),
    );
  });

  test("goes on from its state", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(50), (seed, draws) => {
        const random = new SeededRandom(seed);
        for (let draw = 0; draw < draws; draw++) random.bits();
        const other = new SeededRandom(seed + 1);
        other.state = random.state;
        expect([other.bits(), other.next(), other.below(1_000)]).toEqual([
          random.bits(),
          random.next(),
          random.below(1_000),
        ]);
      }),
    );
  });

  test("stays in range and fills it evenly", () => {
    const random = new SeededRandom(1);
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 100_000; draw++) {
      const value = random.next();
      if (value < 0 || value >= 1) throw new Error(`out of range: ${value}`);
      buckets[Math.floor(value * 10)]!++;
    }
    // Chi-square with 9 degrees of freedom: 27.9 is the 0.1 % point.
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(27.9);
  });
});
