import { expect } from "@jest/globals";
import type { BenchmarkResult } from "../src/benchmark.ts";

/** What every report must be: whole after a trip through JSON, with finite numbers and a verdict or a reason per row. */
export function expectValidResult(result: BenchmarkResult): void {
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  const numbers = [...Object.entries(result.summary), ...result.rounds.flatMap((round) => Object.entries(round))];
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers.filter(([, value]) => !Number.isFinite(value))).toEqual([]);
  expect(result.targets.length).toBeGreaterThan(0);
  for (const { id, value, ok, note } of result.targets) {
    expect(id).toMatch(/^[a-z]+(\.[a-z0-9]+)+$/);
    if (value === null) expect([ok, note]).toEqual([null, expect.any(String)]);
    else expect(typeof ok).toBe("boolean");
  }
}
