import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import { mediansOf } from "../src/benchmark.ts";
import type { CaseFigures } from "../src/runtime/case-figures.ts";
import { runtimeArtifacts } from "../src/runtime/runtime-artifacts.ts";
import { type CaseName, caseNames, runtimeCases } from "../src/runtime/runtime-cases.ts";
import { runtimeTargets } from "../src/runtime/runtime-targets.ts";
import { builtFile } from "../src/shared/built-file.ts";

const tiny = { pairs: 2, measureMs: 1, warmUpMs: 1, shrink: 100 };
const measured = new Map<CaseName, Readonly<Record<string, number>>>();

/** The guard takes the SIGINT of its process. */
function inProcess(name: CaseName): CaseFigures {
  const flags = Object.entries(tiny).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const args = [builtFile("runtime-process.js"), "--case", name, ...flags];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as CaseFigures;
}

describe("the runtime benchmark", () => {
  test.each(caseNames)("%s gives finite figures", async (name) => {
    const pairs = await (name.startsWith("guard") ? inProcess(name) : runtimeCases[name](tiny));
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
