import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, judge, mediansOf } from "../benchmark.ts";
import { markdownTable, rounded } from "../shared/markdown-table.ts";
import { roundsOf } from "./rounds-of.ts";

const PARTS = ["appends", "recycled", "amplification", "replay", "documents"] as const;

interface LogSizes {
  readonly phaseMs: number;
  readonly records: number;
  readonly documents: number;
  /** Where dead ones are written over: so large that a phase does not need more of them than the engine keeps. */
  readonly segmentBytes: number;
}

const MIB = 1024 * 1024;

const FULL: LogSizes = { phaseMs: 500, records: 500_000, documents: 1_000_000, segmentBytes: 64 * MIB };
const SHORT: LogSizes = { phaseMs: 200, records: 160_000, documents: 40_000, segmentBytes: 16 * MIB };

/** The log on the local disk: how near it comes to the device, what it writes and takes, how fast it starts. */
export const logBenchmark: Benchmark = {
  name: "log",
  description: "the log engine on the local disk, against a bare loop of write and fdatasync",
  defaultRounds: 7,
  shortRounds: 3,
  run: (options) => runLog(options, options.isShort ? SHORT : FULL),
  artifacts: ({ summary }) => ({ tables: appendTable(summary) }),
};

export async function runLog(options: BenchmarkOptions, sizes: LogSizes): Promise<BenchmarkResult> {
  const rounds: Record<string, number>[] = Array.from({ length: options.rounds }, () => ({}));
  for (const part of PARTS) {
    options.progress(`log: ${part}`);
    const numbers = { rounds: options.rounds, ...sizes };
    const figures = await roundsOf("log-process.js", { part, ...numbers });
    for (const [round, each] of figures.entries()) Object.assign(rounds[round]!, each);
  }
  const summary = mediansOf(rounds);
  return { settings: settings(options, sizes), rounds, summary, targets: targets(summary, sizes) };
}

function targets(summary: Readonly<Record<string, number>>, sizes: LogSizes): BenchmarkResult["targets"] {
  const row = (id: string, figure: string, name: string, target: string, note?: string) =>
    judge(`log.${id}`, figure, summary[name]!, target, note);
  const scaled = sizes.documents === 1_000_000 ? undefined : `scaled from ${sizes.documents} documents`;
  return [
    row("w64", "appends/s, 64 appenders / raw write + fdatasync", "w64.ratio", ">= 0.75"),
    row("w256", "appends/s, 256 appenders / raw", "w256.ratio", ">= 0.60"),
    row("w1", "appends/s, 1 appender / raw", "w1.ratio", ">= 0.85"),
    row("amp", "bytes written / user bytes, the log alone", "amp.plain", "<= 1.15"),
    row("amp.compacted", "the same with snapshots, checkpoints, compaction", "amp.compacted", "<= 2.5"),
    judge("log.recover", "million records/s replayed at a start", summary["recover.perSecond"]! / 1e6, ">= 0.7"),
    row("checkpoint", "ms to open a checkpoint of 1 M documents", "checkpoint.millionMs", "<= 1000", scaled),
    row("memory", "bytes of memory per cold document", "memory.bytesPerDocument", "<= 150"),
    row("pool", "append p50 with libuv's pool full / idle", "pool.ratio", "<= 2"),
  ];
}

function appendTable(summary: Readonly<Record<string, number>>): string {
  const head = ["appenders", "appends/s", "raw, in groups of as many", "of raw", "p50 ms", "p99 ms"];
  const names = ["perSecond", "rawPerSecond", "ratio", "p50Ms", "p99Ms"];
  const row = (title: string, key: string) => [title, ...names.map((name) => rounded(summary[`${key}.${name}`]!))];
  return markdownTable(head, [
    ...[1, 8, 64, 256].map((appenders) => row(String(appenders), `w${appenders}`)),
    ...[64, 256].map((appenders) => row(`${appenders}, over dead segments`, `recycled${appenders}`)),
  ]);
}

function settings(options: BenchmarkOptions, sizes: LogSizes): Record<string, unknown> {
  return {
    isShort: options.isShort,
    ...sizes,
    patchBytes: 400,
    order: "engine and device in turn, four phases of half the time a pair, each first in every other round",
    engine: "as log-storage opens it, with its I/O threads; appenders in its process, one append under way each",
    raw: "fs.write and fs.fdatasync of as many records as there are appenders, same process and folder, a growing file",
    recycled:
      "over dead segments: all is replaced by snapshots between the phases, in segments of segmentBytes, no history kept",
    amplification: "wchar of the process; a snapshot of 40 kB for every 40 kB of patches, compaction without history",
    memory: "heap and external memory after collection, 1,000 documents kept ready for writes, keys of 20 characters",
  };
}
