import { judge, median, notYet, type TargetResult, valuesOf } from "../benchmark.ts";
import { type GrpcVariant, variantWords } from "./link-variants.ts";

type Figures = Readonly<Record<string, number>>;

/** Below this a link does not deliver any more. */
const DELIVERED_SHARE = 0.999;
/** A share is known when it is so many times its error. */
const ERRORS_MIN = 2;
/** The standard error of a median of normal values is so many times that of their mean. */
const MEDIAN_ERROR = 1.2533;

interface ShareRow {
  readonly id: string;
  readonly target: string;
  readonly variant: GrpcVariant;
  /** Why the figures may be missing. */
  readonly why: string;
}

/** The link's share of the edge's CPU: what is left of it when what an edge takes that answers by itself is subtracted. */
export function shareRow(rounds: readonly Figures[], { id, target, variant, why }: ShareRow): TargetResult {
  const words = `link's share of edge CPU, binary / ${variantWords[variant]}`;
  const all = ["binary", variant, "alone"];
  const whole = rounds.filter((round) => all.every((each) => `share.${each}.edgeCpuSeconds` in round));
  if (whole.length === 0) return notYet(id, words, target, why);
  if (!all.every((each) => median(valuesOf(whole, `share.${each}.unansweredShare`)) <= 1 - DELIVERED_SHARE)) {
    return notYet(id, words, target, "the load was not carried on this machine");
  }
  const sharesOf = (name: string): number[] =>
    whole.map((round) => round[`share.${name}.edgeCpuSeconds`]! - round["share.alone.edgeCpuSeconds"]!);
  const [binary, grpc] = [measured(sharesOf("binary")), measured(sharesOf(variant))];
  const note = `s per 100,000: ${wordsOf(binary)} and ${wordsOf(grpc)}`;
  const isGrpcKnown = grpc.value > 0 && grpc.value >= ERRORS_MIN * grpc.error;
  if (isGrpcKnown && binary.value > 0 && binary.value >= ERRORS_MIN * binary.error) {
    return judge(id, words, binary.value / grpc.value, target, note);
  }
  // A share that may as well be nothing gives no ratio, but it cannot be large either: the most that the ratio can be is a
  // verdict where it is low enough. One below nothing by more than its noise is nonsense.
  if (isGrpcKnown && binary.value >= -ERRORS_MIN * binary.error && binary.error > 0) {
    const most = judge(id, words, mostOf(binary, grpc), target, `at most; ${note}`);
    if (most.ok === true) return most;
  }
  return notYet(id, words, target, `a share was smaller than twice its noise; ${note}`);
}

/** The ratio and twice its error, which is that of both sides. */
function mostOf(over: Measured, under: Measured): number {
  const ratio = Math.max(0, over.value) / under.value;
  const error = Math.hypot(over.error, ratio * under.error) / under.value;
  return ratio + ERRORS_MIN * error;
}

interface Measured {
  readonly value: number;
  readonly error: number;
}

const wordsOf = ({ value, error }: Measured): string => `${value.toFixed(2)} +- ${error.toFixed(2)}`;

/** A median, and how far it can be trusted. */
function measured(values: readonly number[]): Measured {
  const value = median(values);
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  // Not a robust estimate: with three rounds, two of which happen to agree, that would see no noise at all.
  const error = MEDIAN_ERROR * Math.sqrt(squares / Math.max(1, values.length - 1) / values.length);
  return { value, error };
}
