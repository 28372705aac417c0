/** What a benchmark is asked for. */
export interface BenchmarkOptions {
  /** Ends within 45 seconds. */
  readonly isShort: boolean;
  /** Rounds (or pairs of rounds) to take the median of. */
  readonly rounds: number;
  /** One path of those the benchmark has; all of them if left out. */
  readonly path?: BenchmarkPath;
  /** CPU time per figure of a micro-benchmark; its own default if left out. */
  readonly measureMs?: number;
  /** Tells the person at the terminal what goes on. */
  progress(text: string): void;
}

export const benchmarkPaths = ["direct", "edge"] as const;
export type BenchmarkPath = (typeof benchmarkPaths)[number];

export interface TargetResult {
  readonly id: string;
  /** What is measured, for the table. */
  readonly figure: string;
  /** `null`: not there yet, and `note` says what is missing. */
  readonly value: number | null;
  /** `">= 20.5"`, `"<= 370"`. */
  readonly target: string;
  readonly ok: boolean | null;
  readonly note?: string;
}

export interface BenchmarkResult {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly rounds: readonly Readonly<Record<string, number>>[];
  readonly summary: Readonly<Record<string, number>>;
  readonly targets: readonly TargetResult[];
}

export interface Benchmark {
  readonly name: string;
  readonly description: string;
  readonly defaultRounds: number;
  readonly shortRounds: number;
  /** Throws when the measurement itself failed: lost frames, a clock that jumped, a saturated generator. */
  run(options: BenchmarkOptions): Promise<BenchmarkResult>;
  /** What is published besides the JSON; a benchmark without it publishes nothing by itself. */
  artifacts?(result: BenchmarkResult): Artifacts;
}

export interface Artifacts {
  /** Markdown behind the table of targets. */
  readonly tables: string;
  /** A short form of it for the README of the repository. */
  readonly digest?: string;
  readonly plotSvg?: string;
}

/** Compares a value with a target written as `>= 20.5` or `<= 370`. */
export function judge(id: string, figure: string, value: number, target: string, note?: string): TargetResult {
  const match = /^(<=|>=) (\d+(?:\.\d+)?)$/.exec(target);
  if (match === null) throw new Error(`the target "${target}" is none`);
  const bound = Number(match[2]);
  const ok = match[1] === "<=" ? value <= bound : value >= bound;
  return { id, figure, value, target, ok, ...(note === undefined ? {} : { note }) };
}

/** A row that cannot be measured yet is shown, not left out. */
export function notYet(id: string, figure: string, target: string, note: string): TargetResult {
  return { id, figure, value: null, target, ok: null, note };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("no values to take a median of");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of the rounds that have it. */
export function valuesOf(rounds: readonly Readonly<Record<string, number>>[], name: string): number[] {
  return rounds.map((round) => round[name]).filter((value) => value !== undefined);
}

export function mediansOf(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(rounds.flatMap((round) => Object.keys(round)));
  return Object.fromEntries([...names].map((name) => [name, median(valuesOf(rounds, name))]));
}
