import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Backoff, defaultBackoff, SeededRandom } from "../src/index.ts";

describe("Backoff", () => {
  test("every delay lies in the jitter band around the doubled and capped base", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 200 }), (seed, attempts) => {
        const backoff = new Backoff(new SeededRandom(seed));
        for (let attempt = 0; attempt < attempts; attempt++) {
          const base = Math.min(defaultBackoff.capMs, defaultBackoff.initialMs * 2 ** attempt);
          const delay = backoff.nextDelayMs();
          expect(delay).toBeGreaterThanOrEqual(base * 0.5);
          expect(delay).toBeLessThanOrEqual(base * 1.5);
        }
        expect(backoff.attempt).toBe(attempts);
      }),
    );
  });

  test("starts over after a reset", () => {
    const backoff = new Backoff(new SeededRandom(7));
    for (let attempt = 0; attempt < 10; attempt++) backoff.nextDelayMs();
    backoff.reset();
    expect(backoff.nextDelayMs()).toBeLessThanOrEqual(1_500);
  });

  test("spreads: many clients do not come back at one moment", () => {
    const delays = Array.from({ length: 1_000 }, (_, seed) => new Backoff(new SeededRandom(seed)).nextDelayMs());
    const inFirstTenth = delays.filter((delay) => delay < 600).length;
    expect(inFirstTenth).toBeGreaterThan(50);
    expect(inFirstTenth).toBeLessThan(160);
  });
});
