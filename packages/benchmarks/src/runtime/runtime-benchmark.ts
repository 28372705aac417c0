import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, mediansOf } from "../benchmark.ts";
import { builtFile } from "../shared/built-file.ts";
import { canPin, commandOn } from "../shared/cores.ts";
import { installedVersion } from "../shared/installed-version.ts";
import type { CaseFigures } from "./case-figures.ts";
import { CHANGES } from "./item.ts";
import { runtimeArtifacts } from "./runtime-artifacts.ts";
import { type CaseName, caseNames, pinnedCases } from "./runtime-cases.ts";
import { runtimeTargets } from "./runtime-targets.ts";

/** CPU time of one variant in one pair. */
const MEASURE_MS = { full: 150, short: 20 } as const;
/** V8 compiles the walk in its best tier within some 200 ms; a measurement before that shows the interpreter. */
const WARM_UP_MS = { full: 500, short: 250 } as const;
const PINNED_CORE = 1;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** The document engine alone: what a message costs, whatever the size of the document and the number of viewers. */
export const runtimeBenchmark: Benchmark = {
  name: "runtime",
  description: "the document engine alone, without sockets, disk and link",
  defaultRounds: 9,
  shortRounds: 3,
  run,
  artifacts: runtimeArtifacts,
};

async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const measureMs = options.measureMs ?? (options.isShort ? MEASURE_MS.short : MEASURE_MS.full);
  const warmUpMs = options.isShort ? WARM_UP_MS.short : WARM_UP_MS.full;
  const rounds: Record<string, number>[] = Array.from({ length: options.rounds }, () => ({}));
  for (const name of caseNames) {
    options.progress(`runtime: ${name}`);
    for (const [pair, figures] of (await measure(name, { pairs: options.rounds, measureMs, warmUpMs })).entries()) {
      Object.assign(rounds[pair]!, figures);
    }
  }
  const summary = mediansOf(rounds);
  return { settings: settings(options, { measureMs, warmUpMs }), rounds, summary, targets: runtimeTargets(summary) };
}

async function measure(name: CaseName, numbers: Readonly<Record<string, number>>): Promise<CaseFigures> {
  const flags = ["--case", name, ...Object.entries(numbers).flatMap(([flag, value]) => [`--${flag}`, String(value)])];
  const core = pinnedCases.has(name) ? PINNED_CORE : undefined;
  const { command, args } = commandOn(core, process.execPath, [builtFile("runtime-process.js"), ...flags]);
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: OUTPUT_MAX_BYTES });
  const figures = JSON.parse(stdout) as CaseFigures;
  for (const pair of figures) {
    for (const [figure, value] of Object.entries(pair)) {
      if (!Number.isFinite(value)) throw new Error(`${figure} was not measured`);
    }
  }
  return figures;
}

function settings(options: BenchmarkOptions, times: Readonly<Record<string, number>>): Record<string, unknown> {
  return {
    isShort: options.isShort,
    ...times,
    time: "CPU us per message, user and system, with the compiler's and the collector's threads; a process per case",
    order: "all variants of a case in every pair, each pair beginning with another one",
    records: `8 fields (3 texts, 4 whole numbers, 1 flag) in a map; a message changes one field in each of ${CHANGES}`,
    message: "execute, takePatch and deliver, without an argument, with a host's default limits",
    log: "in naive and peer ours is compiled with isLogged: false, and takePatch writes nothing; in naive.logged and peer.logged not",
    guard: canPin ? "on any core; guard.oneCore on one" : "on any core: no taskset here",
    hash: "the view's hash, due twice in 5 s, is in none of the figures but those that end in hashed, where it is in each frame",
    colyseus: `${installedVersion("@colyseus/schema")}; encode + discardChanges, with StateView encode + encodeView of every view`,
    naive: `copy of all records, diffViews of @tidewire/delta (library: compare of fast-json-patch ${installedVersion("fast-json-patch")}) against the last copy, JSON in UTF-8`,
  };
}
