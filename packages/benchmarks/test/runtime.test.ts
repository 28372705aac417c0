import { describe, expect, test } from "@jest/globals";
import { mediansOf } from "../src/benchmark.ts";
import { runtimeArtifacts } from "../src/runtime/runtime-artifacts.ts";
import { type CaseName, caseNames, runtimeCases } from "../src/runtime/runtime-cases.ts";
import { runtimeTargets } from "../src/runtime/runtime-targets.ts";

const tiny = { pairs: 2, measureMs: 1, warmUpMs: 1, shrink: 100 };
const measured = new Map<CaseName, Readonly<Record<string, number>>>();

describe("the runtime benchmark", () => {
  test.each(caseNames)("%s gives finite figures", (name) => {
    const pairs = runtimeCases[name](tiny);
    expect(pairs).toHaveLength(tiny.pairs);
    for (const pair of pairs) {
      expect(Object.keys(pair).length).toBeGreaterThan(2);
      for (const value of Object.values(pair)) expect(value).toEqual(expect.any(Number));
      expect(Object.values(pair).filter((value) => !Number.isFinite(value))).toEqual([]);
    }
    measured.set(name, mediansOf(pairs));
  });

  test("every row of the table has a value or the reason why not", () => {
    const summary = Object.assign({}, ...measured.values()) as Record<string, number>;
    const rows = runtimeTargets(summary);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const { value, note } of rows) {
      if (value === null) expect(note).toBeDefined();
      else expect(Number.isFinite(value)).toBe(true);
    }
    expect(rows.filter(({ value }) => value === null).map(({ id }) => id)).toEqual(["runtime.peer.compact"]);
    expect(runtimeArtifacts({ settings: {}, rounds: [], summary, targets: rows }).tables).not.toContain("NaN");
  });
});
