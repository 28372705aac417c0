import { Command, InvalidArgumentError } from "commander";
import type { Benchmark } from "./benchmark.ts";
import { codecBenchmark } from "./codec/codec-benchmark.ts";
import { gameBenchmark } from "./game/game-benchmark.ts";
import { printReport, reportOf, writeReport } from "./report.ts";
import { runtimeBenchmark } from "./runtime/runtime-benchmark.ts";

const benchmarks: readonly Benchmark[] = [gameBenchmark, runtimeBenchmark, codecBenchmark];

const program = new Command("bench")
  .description("Measures Tidewire. A missed target does not fail the run; a measurement that failed does.")
  .argument("<name>", `one of: ${benchmarks.map(({ name }) => name).join(", ")}`)
  .option("--short", "end within 45 seconds")
  .option("--rounds <count>", "rounds to take the median of", (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > 101) throw new InvalidArgumentError("must be 1 to 101");
    return value;
  })
  .option("--json <file>", "write the report there")
  .action(async (name: string, flags: { short?: boolean; rounds?: number; json?: string }) => {
    const benchmark = benchmarks.find((candidate) => candidate.name === name);
    if (benchmark === undefined) {
      return program.error(
        `there is no benchmark "${name}"; there are: ${benchmarks.map((each) => each.name).join(", ")}`,
      );
    }
    const isShort = flags.short === true;
    const rounds = flags.rounds ?? (isShort ? benchmark.shortRounds : benchmark.defaultRounds);
    const result = await benchmark.run({ isShort, rounds, progress: (text) => console.log(`  ${text}`) });
    const report = reportOf(benchmark, result);
    printReport(report);
    if (flags.json !== undefined) writeReport(flags.json, report);
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`the measurement failed: ${(error as Error).stack ?? String(error)}`);
  process.exit(1);
}
process.exit(0);
