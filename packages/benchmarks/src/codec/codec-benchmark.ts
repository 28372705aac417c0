import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, judge, mediansOf } from "../benchmark.ts";
import { builtFile } from "../shared/built-file.ts";
import { installedVersion } from "../shared/installed-version.ts";
import { codecArtifacts } from "./codec-artifacts.ts";
import { type CellFigures, cellName, type ProcessFigures } from "./codec-figures.ts";
import { type VariantName, variantNames } from "./codec-variant.ts";
import { SAMPLE_BYTES, type SampleName, sampleNames, type TextKind, textKinds } from "./sample-messages.ts";

/** CPU time per encoding, and the same per decoding, in each cell. */
const MEASURE_MS = { full: 200, short: 40 } as const;
const NODE_FLAGS = ["--expose-gc"];

/** The generated codec on the link's messages, against what moving the text alone costs, and against others. */
export const codecBenchmark: Benchmark = {
  name: "codec",
  description: "encoding and decoding of the link's messages, in processes of their own",
  defaultRounds: 7,
  shortRounds: 3,
  run,
  artifacts: codecArtifacts,
};

async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const measureMs = options.measureMs ?? (options.isShort ? MEASURE_MS.short : MEASURE_MS.full);
  const rounds: Record<string, number>[] = [];
  for (let round = 0; round < options.rounds; round++) {
    options.progress(`codec, round ${round + 1} of ${options.rounds}`);
    const figures = new Map<VariantName, ProcessFigures["figures"]>();
    // Every variant is first in some round, so that none always meets the machine warm or cold.
    for (let place = 0; place < variantNames.length; place++) {
      const variant = variantNames[(place + round) % variantNames.length]!;
      figures.set(variant, await measure(variant, measureMs));
    }
    rounds.push(flatten(figures));
  }
  const summary = mediansOf(rounds);
  return { settings: settings(options, measureMs), rounds, summary, targets: targets(summary) };
}

async function measure(variant: VariantName, measureMs: number): Promise<ProcessFigures["figures"]> {
  const args = [...NODE_FLAGS, builtFile("codec-process.js"), "--variant", variant, "--measureMs", String(measureMs)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { figures } = JSON.parse(stdout) as ProcessFigures;
  for (const [cell, { encodeNs, decodeNs }] of Object.entries(figures)) {
    if (!(encodeNs > 0 && decodeNs > 0)) throw new Error(`${variant} ${cell}: no time was measured`);
  }
  return figures;
}

/** Every figure of the round under its own name, and the ratios, each of two processes that ran one after the other. */
function flatten(figures: ReadonlyMap<VariantName, ProcessFigures["figures"]>): Record<string, number> {
  const round: Record<string, number> = {};
  for (const text of textKinds) {
    for (const message of sampleNames) {
      const cell = cellName(message, text);
      const ours = figures.get("generated")![cell]!;
      for (const variant of variantNames) {
        const theirs = figures.get(variant)![cell]!;
        for (const [name, value] of Object.entries(theirs)) round[`${cell}.${variant}.${name}`] = value;
        if (variant !== "generated") round[ratioName(variant, message, text)] = both(ours) / both(theirs);
      }
    }
  }
  return round;
}

function both({ encodeNs, decodeNs }: CellFigures): number {
  return encodeNs + decodeNs;
}

function ratioName(variant: VariantName, message: SampleName, text: TextKind): string {
  return `ratio.${cellName(message, text)}.${variant}`;
}

const WORDS: Readonly<Record<SampleName, string>> = {
  viewerFrame: `delta of ${SAMPLE_BYTES.viewerFrame} B (bytes)`,
  sendRequest: `request of ${SAMPLE_BYTES.sendRequest} B (seven strings)`,
  sendResponse: `answer of ${SAMPLE_BYTES.sendResponse} B (text)`,
};

function targets(summary: Readonly<Record<string, number>>): BenchmarkResult["targets"] {
  const rivals = [
    { id: "codec.floor", variant: "floor", words: "one utf8Write + one utf8Slice", target: "<= 1.2" },
    { id: "codec.protobuf", variant: "protobufjs", words: "protobufjs static", target: "<= 0.25" },
    {
      id: "codec.protobuf.reused",
      variant: "protobufjsReused",
      words: "protobufjs static, its writer used again",
      target: "<= 0.25",
    },
    { id: "codec.json", variant: "json", words: "JSON", target: "<= 0.10" },
  ] as const;
  const worded = (message: SampleName, { words, variant, target }: (typeof rivals)[number], id: string) =>
    judge(id, `${WORDS[message]} / ${words}`, summary[ratioName(variant, message, "ascii")]!, target);
  // The delta travels as bytes that are ready; the answer of the same size is text on both sides, which is harder.
  return rivals.flatMap((rival) => [
    worded("viewerFrame", rival, rival.id),
    worded("sendResponse", rival, `${rival.id}.text`),
  ]);
}

function settings(options: BenchmarkOptions, measureMs: number): Record<string, unknown> {
  return {
    isShort: options.isShort,
    messages: SAMPLE_BYTES,
    measureMsPerCell: measureMs,
    time: "CPU, user and system, of a process per variant and round; medians of slices, then of rounds",
    order: "rotating: every variant is first in some round",
    nodeFlags: NODE_FLAGS,
    protobufjs: `${installedVersion("protobufjs")}, static code, --force-number --no-verify --no-convert --no-delimited, without long (64-bit integers as numbers), over Node's Buffer; encode().finish() as gRPC needs it`,
    protobufjsReused: "the same; one writer over a slab of 16 KiB, set back for every message: its best",
    protobufEs: `${installedVersion("@bufbuild/protobuf")}, create once, toBinary, fromBinary`,
    msgpackr: `${installedVersion("msgpackr")}, shared structures, one slab used again`,
    json: "JSON.stringify + utf8Write, utf8Slice + JSON.parse; the delta as text, not as bytes",
    floor: "one utf8Write and one utf8Slice of the text the message carries",
  };
}
