import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, judge, mediansOf } from "../benchmark.ts";
import { roundsOf } from "../log/rounds-of.ts";
import { markdownTable, rounded } from "../shared/markdown-table.ts";

const PHASE_MS = { full: 2_000, short: 1_000 } as const;
/** Of three seconds each. */
const WARM_UP_TURNS = { full: 8, short: 3 } as const;

/** What appends feel of everything that goes on behind them. */
export const compactionBenchmark: Benchmark = {
  name: "compaction",
  description: "latency of appends with and without snapshots, checkpoints and compaction",
  defaultRounds: 7,
  shortRounds: 3,
  run: (options) => {
    const length = options.isShort ? "short" : "full";
    return runCompaction(options, { phaseMs: PHASE_MS[length], warmUpTurns: WARM_UP_TURNS[length] });
  },
  artifacts: ({ summary }) => ({ tables: latencyTable(summary) }),
};

export interface CompactionLengths {
  readonly phaseMs: number;
  readonly warmUpTurns: number;
}

export async function runCompaction(options: BenchmarkOptions, lengths: CompactionLengths): Promise<BenchmarkResult> {
  options.progress("compaction: appends at 4,000/s, with and without");
  const rounds = await roundsOf("compaction-process.js", { rounds: options.rounds, ...lengths });
  const summary = mediansOf(rounds);
  const row = (id: string, figure: string, name: string, target: string) =>
    judge(`compaction.${id}`, figure, summary[name]!, target);
  return {
    settings: {
      isShort: options.isShort,
      ...lengths,
      warmUp:
        "three pairs of the process just started, then turns of the same phases, of three seconds together, the paced ones at 16,000 appends/s, until V8 has compiled the code of the background",
      load: "4,000 appends/s of 400 B on 256 documents, open loop; latency from the time an append is due",
      paced:
        "default pace; a snapshot of 40 kB for every 40 kB of patches, documents out of step; checkpoints, moves and removals all the time; segments of 4 MiB",
      saturated: "no pace; four snapshots of 40 kB under way at any time, checkpoints without a pause",
      large: "beside the load, the log of a document of 50,000 patches is opened and a snapshot of 10 MiB written",
    },
    rounds,
    summary,
    targets: [
      row("p99", "append p99, paced compaction / without", "paced.p99", "<= 1.3"),
      row("p50", "append p50, paced compaction / without", "paced.p50", "<= 1.15"),
      row("worst", "append p99, compaction saturated / without", "saturated.p99", "<= 2.0"),
    ],
  };
}

function latencyTable(summary: Readonly<Record<string, number>>): string {
  const row = (what: string, ...names: readonly (string | undefined)[]): string[] => [
    what,
    ...names.map((name) => (name === undefined ? "-" : rounded(summary[name]!))),
  ];
  return markdownTable(
    ["beside the appends", "p50 ms", "p99 ms", "p99 / without", "longest ms", "snapshots/s"],
    [
      row("nothing", "off.p50Ms", "off.p99Ms", undefined, "off.maxMs", undefined),
      row("paced compaction", ...latenciesOf("paced"), "paced.snapshotsPerSecond"),
      row("paced compaction, process just started", ...latenciesOf("young"), undefined),
      row("compaction saturated", ...latenciesOf("saturated"), "saturated.snapshotsPerSecond"),
      row("a long tail opened, a 10 MiB snapshot", ...latenciesOf("large"), undefined),
    ],
  );
}

function latenciesOf(name: string): string[] {
  return [`${name}.p50Ms`, `${name}.p99Ms`, `${name}.p99`, `${name}.maxMs`];
}
