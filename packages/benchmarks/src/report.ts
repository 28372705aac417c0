import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import type { Benchmark, BenchmarkResult, TargetResult } from "./benchmark.ts";
import { rounded } from "./shared/markdown-table.ts";

/** The JSON file of BENCHMARKS.md. */
export interface Report extends BenchmarkResult {
  readonly name: string;
  readonly commit: string;
  readonly node: string;
  readonly cpus: number;
}

export function reportOf(benchmark: Benchmark, result: BenchmarkResult): Report {
  const git = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" });
  return {
    name: benchmark.name,
    commit: git.status === 0 ? git.stdout.trim() : "unknown",
    node: process.version,
    cpus: cpus().length,
    ...result,
  };
}

export function writeReport(file: string, report: Report): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

export function printReport(report: Report): void {
  const width = Math.max(...report.targets.map((target) => target.figure.length));
  console.log(
    `\n${report.name}: medians of ${report.rounds.length} round${report.rounds.length === 1 ? "" : "s"}, Node ${report.node}, ${report.cpus} CPUs`,
  );
  for (const target of report.targets) {
    const cells = [
      target.id.padEnd(22),
      target.figure.padEnd(width),
      valueText(target).padStart(10),
      target.target.padStart(9),
    ];
    console.log(`  ${cells.join("  ")}  ${verdict(target)}`);
  }
  console.log("\n  further figures (medians)");
  for (const [name, value] of Object.entries(report.summary)) console.log(`  ${name.padEnd(28)} ${rounded(value)}`);
}

function valueText(target: TargetResult): string {
  return target.value === null ? "-" : rounded(target.value);
}

function verdict(target: TargetResult): string {
  const note = target.note === undefined ? "" : ` (${target.note})`;
  return `${target.ok === null ? "not yet" : target.ok ? "met" : "MISSED"}${note}`;
}
