import { expect, test } from "@jest/globals";
import { compactionBenchmark, runCompaction } from "../src/compaction/compaction-benchmark.ts";
import { logBenchmark, runLog } from "../src/log/log-benchmark.ts";
import { expectValidResult } from "./valid-result.ts";

const MIB = 1024 * 1024;
const options = { isShort: true, rounds: 1, progress: () => {} };

test("the smallest form of the log measures every row", async () => {
  const result = await runLog(options, { phaseMs: 20, records: 8_000, documents: 1_000, segmentBytes: MIB });
  expectValidResult(result);
  expect(result.targets.map(({ ok }) => ok)).not.toContain(null);
  expect(result.summary["recover.records"]).toBeGreaterThan(8_000);
  expect(result.summary["amp.plain"]).toBeGreaterThan(1);
  expect(logBenchmark.artifacts!(result).tables.split("\n")).toHaveLength(8);
}, 60_000);

test("the smallest form of compaction measures every row", async () => {
  const result = await runCompaction(options, { phaseMs: 200, warmUpTurns: 0 });
  expectValidResult(result);
  expect(result.targets).toHaveLength(3);
  expect(compactionBenchmark.artifacts!(result).tables.split("\n")).toHaveLength(7);
}, 60_000);
