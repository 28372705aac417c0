import { Command, InvalidArgumentError, Option } from "commander";
import { type Benchmark, type BenchmarkPath, benchmarkPaths } from "./benchmark.ts";
import { codecBenchmark } from "./codec/codec-benchmark.ts";
import { compactionBenchmark } from "./compaction/compaction-benchmark.ts";
import { gameBenchmark } from "./game/game-benchmark.ts";
import { linkBenchmark } from "./link/link-benchmark.ts";
import { logBenchmark } from "./log/log-benchmark.ts";
import { publish, writeBeside } from "./publish.ts";
import { printReport, reportOf, writeReport } from "./report.ts";
import { runtimeBenchmark } from "./runtime/runtime-benchmark.ts";

const benchmarks: readonly Benchmark[] = [
  gameBenchmark,
  runtimeBenchmark,
  codecBenchmark,
  linkBenchmark,
  logBenchmark,
  compactionBenchmark,
];

interface Flags {
  readonly short?: boolean;
  readonly rounds?: number;
  readonly path?: BenchmarkPath;
  readonly json?: string;
}

const program = new Command("bench")
  .description("Measures Tidewire. A missed target does not fail the run; a measurement that failed does.")
  .argument("<name>", `one of: ${benchmarks.map(({ name }) => name).join(", ")}`)
  .option("--short", "end within 45 seconds; link within four minutes")
  .option("--rounds <count>", "rounds to take the median of", (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > 101) throw new InvalidArgumentError("must be 1 to 101");
    return value;
  })
  .addOption(new Option("--path <path>", "only that path of the link").choices(benchmarkPaths))
  .option("--json <file>", "write the report there; without it, all but game publish theirs in this package")
  .action(async (name: string, flags: Flags) => {
    const benchmark = benchmarks.find((candidate) => candidate.name === name);
    if (benchmark === undefined) {
      return program.error(
        `there is no benchmark "${name}"; there are: ${benchmarks.map((each) => each.name).join(", ")}`,
      );
    }
    const isShort = flags.short === true;
    const rounds = flags.rounds ?? (isShort ? benchmark.shortRounds : benchmark.defaultRounds);
    const path = flags.path === undefined ? {} : { path: flags.path };
    const result = await benchmark.run({ isShort, rounds, ...path, progress: (text) => console.log(`  ${text}`) });
    const report = reportOf(benchmark, result);
    printReport(report);
    const artifacts = benchmark.artifacts?.(result);
    if (flags.json !== undefined) {
      writeReport(flags.json, report);
      if (artifacts !== undefined) writeBeside(flags.json, artifacts);
    } else if (artifacts !== undefined) {
      for (const file of publish(report, artifacts)) console.log(`  wrote ${file}`);
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`the measurement failed: ${(error as Error).stack ?? String(error)}`);
  process.exit(1);
}
process.exit(0);
