import { judge, median, notYet, type TargetResult } from "../benchmark.ts";
import { type GrpcVariant, grpcVariants, variantWords } from "./link-variants.ts";

type Figures = Readonly<Record<string, number>>;

const LEVELS = [400, 800, 1_600, 3_200] as const;
const P95_DIRECT = ["<= 1.0", "<= 0.85", "<= 0.55", "<= 0.05"] as const;
const CPU_DIRECT = ["<= 0.55", "<= 0.42", "<= 0.30", "<= 0.22"] as const;
const SHARE_EDGE: Readonly<Record<GrpcVariant, string>> = { grpcStreams: "<= 0.55", grpcMultiplexed: "<= 0.65" };
/** Below this a link does not deliver any more. */
const DELIVERED_SHARE = 0.999;

export interface LinkRounds {
  readonly direct: readonly Figures[];
  readonly edge: readonly Figures[];
}

/** Every row of the table, from the rounds of both paths and what was measured once. `skipped` says why a path is missing. */
export function linkTargets({ direct, edge }: LinkRounds, once: Figures, skipped: string | undefined): TargetResult[] {
  const p95 = { id: "link.p95.direct", words: "p95 from due time", figure: "p95Ms", targets: P95_DIRECT };
  const cpuWords = "CPU per delivered operation, both sides";
  const cpu = { id: "link.cpu.direct", words: cpuWords, figure: "cpuSeconds", targets: CPU_DIRECT };
  return [
    ...perLevel(direct, p95, skipped),
    ...perLevel(direct, cpu, skipped),
    ...shareRows(edge, skipped),
    edgeLatencyRow(edge, skipped),
    capacityRow(once, skipped),
    flatRow(direct, skipped),
    ...batchRows(once, skipped),
  ];
}

interface PerLevel {
  readonly id: string;
  readonly words: string;
  readonly figure: string;
  readonly targets: readonly string[];
}

function perLevel(rounds: readonly Figures[], row: PerLevel, skipped: string | undefined): TargetResult[] {
  return LEVELS.map((level, index) => {
    const id = `${row.id}.${level}`;
    const words = `${row.words}, ${level} streams, binary / the better gRPC`;
    const target = row.targets[index]!;
    if (!has(rounds, `direct.${level}.binary.${row.figure}`)) return notYet(id, words, target, missing(skipped));
    const better = betterGrpc(rounds, `direct.${level}`, row.figure);
    const ratio = pairedRatio(
      rounds,
      `direct.${level}.binary.${row.figure}`,
      `direct.${level}.${better}.${row.figure}`,
    );
    return judge(
      id,
      words,
      ratio,
      target,
      `against ${variantWords[better]}${netNote(rounds, level, better, row.figure)}`,
    );
  });
}

/** The generator is part of the edge role on both sides of the ratio, which draws it towards 1. */
function netNote(rounds: readonly Figures[], level: number, better: GrpcVariant, figure: string): string {
  const generator = `direct.${level}.generator.${figure}`;
  if (!has(rounds, generator)) return "";
  const netOf = (round: Figures, variant: string): number =>
    round[`direct.${level}.${variant}.${figure}`]! - round[generator]!;
  const net = median(rounds.map((round) => netOf(round, "binary") / netOf(round, better)));
  return `; ${net.toFixed(2)} without what the generator alone takes`;
}

function shareRows(rounds: readonly Figures[], skipped: string | undefined): TargetResult[] {
  const level = rounds[0] === undefined ? undefined : shareLevelOf(rounds[0]);
  return grpcVariants.map((variant) => {
    const id = variant === "grpcStreams" ? "link.cpu.edge.streams" : "link.cpu.edge.multiplexed";
    const words = `link's share of edge CPU, binary / ${variantWords[variant]}`;
    const target = SHARE_EDGE[variant];
    if (level === undefined || !has(rounds, `edge.${level}.${variant}.edgeCpuSeconds`)) {
      return notYet(id, words, target, missing(skipped));
    }
    if (![variant, "binary", "alone"].every((each) => delivers(rounds, level, each))) {
      return notYet(id, words, target, `the system did not carry the load of ${level} clients on this machine`);
    }
    const shareOf = (round: Figures, name: string): number =>
      round[`edge.${level}.${name}.edgeCpuSeconds`]! - round[`edge.${level}.alone.edgeCpuSeconds`]!;
    const ratio = median(rounds.map((round) => shareOf(round, "binary") / shareOf(round, variant)));
    // Of either side: a ratio of differences says nothing once one of them is not positive.
    const isLost = ["binary", variant].some((name) => median(rounds.map((round) => shareOf(round, name))) <= 0);
    if (isLost || !(ratio > 0 && ratio < Infinity)) {
      return notYet(id, words, target, "the link's share was smaller than the noise");
    }
    return judge(id, words, ratio, target, `${level} clients`);
  });
}

/** At least 99.9 % of the operations were answered in time. */
function delivers(rounds: readonly Figures[], level: number, variant: string): boolean {
  if (!has(rounds, `edge.${level}.${variant}.unansweredShare`)) return false;
  const unanswered = rounds.map((round) => round[`edge.${level}.${variant}.unansweredShare`]!);
  return median(unanswered) <= 1 - DELIVERED_SHARE;
}

/** The level at which an edge that answers by itself was measured, too. */
function shareLevelOf(round: Figures): number | undefined {
  const name = Object.keys(round).find((each) => each.endsWith(".alone.edgeCpuSeconds"));
  return name === undefined ? undefined : Number(name.split(".")[1]);
}

function edgeLatencyRow(rounds: readonly Figures[], skipped: string | undefined): TargetResult {
  const id = "link.p95.edge";
  const words = "p95 at the highest rate gRPC still delivers, binary / the better gRPC";
  const target = "<= 0.4";
  const level = LEVELS.findLast((each) => grpcVariants.some((variant) => delivers(rounds, each, variant)));
  if (level === undefined) {
    return notYet(id, words, target, rounds.length === 0 ? missing(skipped) : "gRPC delivered at no level");
  }
  const able = grpcVariants.filter((variant) => delivers(rounds, level, variant));
  const better = able.length === 1 ? able[0]! : betterGrpc(rounds, `edge.${level}`, "p95Ms");
  const ratio = pairedRatio(rounds, `edge.${level}.binary.p95Ms`, `edge.${level}.${better}.p95Ms`);
  return judge(id, words, ratio, target, `${level} clients, against ${variantWords[better]}`);
}

function capacityRow(once: Figures, skipped: string | undefined): TargetResult {
  const id = "link.capacity";
  const words = "operations/s with p95 < 10 ms, binary / gRPC, one edge core";
  const target = ">= 5";
  const binary = once["capacity.binaryPerSecond"];
  if (binary === undefined) return notYet(id, words, target, missing(skipped));
  const grpc = Math.max(...grpcVariants.map((variant) => once[`capacity.${variant}PerSecond`] ?? 0));
  if (grpc === 0) return notYet(id, words, target, "gRPC did not carry the lowest rate");
  const isGeneratorsLimit = binary === once["capacity.generatorPerSecond"];
  const note = `${binary} against ${grpc}${isGeneratorsLimit ? "; the generator's limit, not the link's" : ""}`;
  return judge(id, words, binary / grpc, target, note);
}

function flatRow(direct: readonly Figures[], skipped: string | undefined): TargetResult {
  const words = "binary p95 at 3,200 / at 400 streams";
  const [high, low] = ["direct.3200.binary.p95Ms", "direct.400.binary.p95Ms"] as const;
  if (!has(direct, high) || !has(direct, low)) return notYet("link.flat", words, "<= 1.5", missing(skipped));
  return judge("link.flat", words, pairedRatio(direct, high, low), "<= 1.5");
}

function batchRows(once: Figures, skipped: string | undefined): TargetResult[] {
  const flushes = "flushes / frames at 30,000 operations/s";
  const rows = [
    { id: "link.batch", words: `${flushes}, edge side`, name: "edgeFlushesPerFrame", target: "<= 0.125" },
    { id: "link.batch.host", words: `${flushes}, host side`, name: "hostFlushesPerFrame", target: "<= 0.125" },
    { id: "link.batch.bytes", words: "bytes on the link / payload", name: "bytesPerPayload", target: "<= 1.06" },
  ];
  return rows.map(({ id, words, name, target }) => {
    const value = once[`batch.${name}`];
    return value === undefined ? notYet(id, words, target, missing(skipped)) : judge(id, words, value, target);
  });
}

/** The median of the ratios of each round: both sides of a pair met the same machine. */
export function pairedRatio(rounds: readonly Figures[], over: string, under: string): number {
  return median(rounds.map((round) => round[over]! / round[under]!));
}

export function betterGrpc(rounds: readonly Figures[], prefix: string, figure: string): GrpcVariant {
  const of = (variant: GrpcVariant): number => median(rounds.map((round) => round[`${prefix}.${variant}.${figure}`]!));
  return of("grpcStreams") < of("grpcMultiplexed") ? "grpcStreams" : "grpcMultiplexed";
}

function has(rounds: readonly Figures[], name: string): boolean {
  return rounds.length > 0 && rounds.every((round) => round[name] !== undefined);
}

function missing(skipped: string | undefined): string {
  return skipped ?? "not measured in this run";
}
