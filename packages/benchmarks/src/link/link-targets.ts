import { judge, median, notYet, type TargetResult, valuesOf } from "../benchmark.ts";
import type { CapacityShare } from "./direct/capacity-share.ts";
import { type GrpcVariant, grpcTunings, grpcVariantsOf, shapeOf, variantWords } from "./link-variants.ts";
import { shareRow } from "./share-row.ts";

type Figures = Readonly<Record<string, number>>;
type Tuning = (typeof grpcTunings)[number];

const LEVELS = [400, 800, 1_600, 3_200] as const;
const P95_DIRECT = ["<= 1.0", "<= 0.85", "<= 0.55", "<= 0.05"] as const;
const CPU_DIRECT = ["<= 0.55", "<= 0.42", "<= 0.30", "<= 0.22"] as const;
/** Those of 1,600 and 3,200 streams, which were set where gRPC was at half and all of what it carries. */
const P95_CAPACITY: Readonly<Record<CapacityShare, string>> = { half: P95_DIRECT[2], full: P95_DIRECT[3] };
/** Below this a link does not deliver any more. */
const DELIVERED_SHARE = 0.999;

/** The rows the targets were set for are those against gRPC by its public options; against the one we ship they are judged alike. */
const suffixes: Readonly<Record<Tuning, string>> = { public: "", internals: ".internals" };
const sideWords: Readonly<Record<Tuning, string>> = { public: "the better gRPC", internals: "our better gRPC" };

export interface LinkRounds {
  readonly direct: readonly Figures[];
  readonly edge: readonly Figures[];
}

/** Every row of the table, from the rounds of both paths and what was measured once. `skipped` says why a path is missing. */
export function linkTargets({ direct, edge }: LinkRounds, once: Figures, skipped: string | undefined): TargetResult[] {
  const why = skipped ?? "not measured in this run";
  const p95 = { id: "link.p95.direct", words: "p95 from due time", figure: "p95Ms", targets: P95_DIRECT };
  const fine = { ...p95, words: "p95 from due time without the tick of the generator", kind: "fine" };
  const cpuWords = "CPU per delivered operation, both sides";
  const cpu = { id: "link.cpu.direct", words: cpuWords, figure: "cpuSeconds", targets: CPU_DIRECT };
  return [
    ...perLevel(direct, p95, why),
    ...perLevel(direct, fine, why),
    ...capacityShareRows(direct, why),
    ...perLevel(direct, cpu, why),
    ...shareRows(edge, why),
    ...grpcTunings.map((tuning) => reachRow(edge, once, tuning, why)),
    ...grpcTunings.map((tuning) => capacityRow(once, tuning, why)),
    flatRow(direct, why),
    ...batchRows(once, why),
  ];
}

interface PerLevel {
  readonly id: string;
  readonly words: string;
  readonly figure: string;
  readonly targets: readonly string[];
  /** Of the windows; those with the tick if left out. */
  readonly kind?: string;
}

function perLevel(rounds: readonly Figures[], row: PerLevel, why: string): TargetResult[] {
  return grpcTunings.flatMap((tuning) =>
    LEVELS.map((level, index) => {
      const id = `${row.id}.${level}${row.kind === undefined ? "" : `.${row.kind}`}${suffixes[tuning]}`;
      const words = `${row.words}, ${level} streams, binary / ${sideWords[tuning]}`;
      const target = row.targets[index]!;
      const prefix = `direct.${level}`;
      const figure = row.kind === undefined ? row.figure : `${row.kind}.${row.figure}`;
      const better = betterOf(rounds, grpcVariantsOf(tuning), prefix, figure);
      if (better === undefined) return notYet(id, words, target, why);
      const ratio = pairedRatio(rounds, `${prefix}.binary.${figure}`, `${prefix}.${better}.${figure}`);
      const beside = row.kind === undefined ? netNote(rounds, level, better, figure) : sentNote(rounds, prefix, better);
      return judge(
        id,
        words,
        ratio,
        target,
        `against ${variantWords[better]}${beside}${lateNote(rounds, `${prefix}.${better}`)}`,
      );
    }),
  );
}

/** From the send a tick counts for nothing: windows with and without it must say the same, or one of them flatters. */
function sentNote(rounds: readonly Figures[], prefix: string, better: GrpcVariant): string {
  const of = (figure: string): string =>
    pairedRatio(rounds, `${prefix}.binary.${figure}`, `${prefix}.${better}.${figure}`).toFixed(2);
  return `; from the send ${of("fine.sentP95Ms")} here, ${of("sentP95Ms")} with the tick`;
}

/** Levels whose share of what gRPC carries does not depend on the machine. */
function capacityShareRows(rounds: readonly Figures[], why: string): TargetResult[] {
  return Object.keys(P95_CAPACITY).map((share) => {
    const id = `link.p95.direct.${share}`;
    const words = `p95 from due time, ${share === "full" ? "all" : share} of the rate ${sideWords.public} carries, binary / gRPC`;
    const target = P95_CAPACITY[share as CapacityShare];
    const prefix = `capacity.${share}`;
    const better = betterOf(rounds, grpcVariantsOf("public"), prefix, "p95Ms");
    if (better === undefined)
      return notYet(id, words, target, rounds.length === 0 ? why : "gRPC did not carry the lowest rate");
    const ratio = pairedRatio(rounds, `${prefix}.binary.p95Ms`, `${prefix}.${better}.p95Ms`);
    const sent = pairedRatio(rounds, `${prefix}.binary.sentP95Ms`, `${prefix}.${better}.sentP95Ms`).toFixed(2);
    const rate = median(valuesOf(rounds, `${prefix}.binary.offeredPerSecond`)).toFixed(0);
    const note = `${rate} operations/s, against ${variantWords[better]}; from the send ${sent}`;
    return judge(id, words, ratio, target, `${note}${lateNote(rounds, `${prefix}.${better}`)}`);
  });
}

/** The generator is part of the edge role on both sides of the ratio, which draws it towards 1. */
function netNote(rounds: readonly Figures[], level: number, better: GrpcVariant, figure: string): string {
  const generator = `direct.${level}.generator.${figure}`;
  const name = (variant: string): string => `direct.${level}.${variant}.${figure}`;
  const pairs = rounds.filter((round) => [generator, name("binary"), name(better)].every((each) => each in round));
  if (pairs.length === 0) return "";
  const netOf = (round: Figures, variant: string): number => round[name(variant)]! - round[generator]!;
  const net = median(pairs.map((round) => netOf(round, "binary") / netOf(round, better)));
  return `; ${net.toFixed(2)} without what the generator alone takes`;
}

/** Said where the other side could not keep up: what is late is in its latency, and CPU is by what was delivered. */
function lateNote(rounds: readonly Figures[], prefix: string): string {
  const shares = valuesOf(rounds, `${prefix}.unansweredShare`);
  if (shares.length === 0 || median(shares) <= 1 - DELIVERED_SHARE) return "";
  return `, which left ${(100 * median(shares)).toFixed(1)} % unanswered`;
}

function shareRows(rounds: readonly Figures[], why: string): TargetResult[] {
  return grpcTunings.flatMap((tuning) =>
    grpcVariantsOf(tuning).map((variant) => {
      const isStreams = shapeOf(variant) === "stream-per-document";
      return shareRow(rounds, {
        id: `link.cpu.edge.${isStreams ? "streams" : "multiplexed"}${suffixes[tuning]}`,
        target: isStreams ? "<= 0.55" : "<= 0.65",
        variant,
        why,
      });
    }),
  );
}

function reachRow(rounds: readonly Figures[], once: Figures, tuning: Tuning, why: string): TargetResult {
  const id = `link.p95.edge${suffixes[tuning]}`;
  const words = `p95 through the system at the highest rate ${sideWords[tuning]} still delivers, binary / gRPC`;
  const target = "<= 0.4";
  const variants = grpcVariantsOf(tuning);
  const rates = variants.map((variant) => once[`reach.${variant}.perSecond`]).filter((rate) => rate !== undefined);
  if (rates.length === 0) return notYet(id, words, target, why);
  const prefix = `reach.${tuning}`;
  const better = betterOf(rounds, variants, prefix, "p95Ms");
  if (better === undefined) return notYet(id, words, target, "gRPC did not deliver the lowest rate");
  const ratio = pairedRatio(rounds, `${prefix}.binary.p95Ms`, `${prefix}.${better}.p95Ms`);
  const note = `${Math.max(...rates)} operations/s, against ${variantWords[better]}`;
  return judge(id, words, ratio, target, `${note}${lateNote(rounds, `${prefix}.${better}`)}`);
}

function capacityRow(once: Figures, tuning: Tuning, why: string): TargetResult {
  const id = `link.capacity${suffixes[tuning]}`;
  const words = `operations/s with p95 < 10 ms, binary / ${sideWords[tuning]}, one edge core`;
  const target = ">= 5";
  const binary = once["capacity.binaryPerSecond"];
  if (binary === undefined) {
    const isMeasured = "capacity.generatorPerSecond" in once;
    return notYet(id, words, target, isMeasured ? "binary did not carry the lowest rate on this machine" : why);
  }
  const grpc = Math.max(...grpcVariantsOf(tuning).map((variant) => once[`capacity.${variant}PerSecond`] ?? 0));
  if (grpc === 0) return notYet(id, words, target, "gRPC did not carry the lowest rate");
  const isGeneratorsLimit = binary === once["capacity.generatorPerSecond"];
  const note = `${binary} against ${grpc}${isGeneratorsLimit ? "; the generator's limit, not the link's" : ""}`;
  return judge(id, words, binary / grpc, target, note);
}

function flatRow(direct: readonly Figures[], why: string): TargetResult {
  const words = "binary p95 at 3,200 / at 400 streams";
  const [high, low] = ["direct.3200.binary.p95Ms", "direct.400.binary.p95Ms"] as const;
  const isThere = [high, low].every((name) => valuesOf(direct, name).length > 0);
  return isThere
    ? judge("link.flat", words, pairedRatio(direct, high, low), "<= 1.5")
    : notYet("link.flat", words, "<= 1.5", why);
}

function batchRows(once: Figures, why: string): TargetResult[] {
  const flushes = "flushes / frames at 30,000 operations/s";
  const rows = [
    { id: "link.batch", words: `${flushes}, edge side`, name: "edgeFlushesPerFrame", target: "<= 0.125" },
    { id: "link.batch.host", words: `${flushes}, host side`, name: "hostFlushesPerFrame", target: "<= 0.125" },
    { id: "link.batch.bytes", words: "bytes on the link / payload", name: "bytesPerPayload", target: "<= 1.06" },
  ];
  return rows.map(({ id, words, name, target }) => {
    const value = once[`batch.${name}`];
    return value === undefined ? notYet(id, words, target, why) : judge(id, words, value, target);
  });
}

/** The median of the ratios of each round that has both: both sides of a pair met the same machine. */
function pairedRatio(rounds: readonly Figures[], over: string, under: string): number {
  const pairs = rounds.filter((round) => over in round && under in round);
  return median(pairs.map((round) => round[over]! / round[under]!));
}

/** That with the lower median, of those that were measured. */
function betterOf(
  rounds: readonly Figures[],
  variants: readonly GrpcVariant[],
  prefix: string,
  figure: string,
): GrpcVariant | undefined {
  const of = (variant: GrpcVariant): number[] => valuesOf(rounds, `${prefix}.${variant}.${figure}`);
  const measured = variants.filter((variant) => of(variant).length > 0);
  return measured.sort((a, b) => median(of(a)) - median(of(b)))[0];
}
