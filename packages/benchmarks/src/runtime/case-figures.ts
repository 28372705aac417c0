/** How large and how long a case is measured. */
export interface CaseOptions {
  readonly pairs: number;
  /** CPU time of one variant in one pair. */
  readonly measureMs: number;
  /** CPU time that each variant runs before, at least. */
  readonly warmUpMs: number;
  /** Divides the large sizes, so that tests can run every case; 1 is what BENCHMARKS.md asks for. */
  readonly shrink: number;
}

/** One entry per pair, each with the same names: CPU us of variants, and what follows from them. */
export type CaseFigures = readonly Readonly<Record<string, number>>[];

export type RuntimeCase = (options: CaseOptions) => CaseFigures | Promise<CaseFigures>;

export function shrunk(size: number, { shrink }: CaseOptions): number {
  return Math.max(5, Math.ceil(size / shrink));
}

/** Adds to every pair what follows from its figures. */
export function derive(
  pairs: CaseFigures,
  figures: (pair: Readonly<Record<string, number>>) => Readonly<Record<string, number>>,
): CaseFigures {
  return pairs.map((pair) => ({ ...pair, ...figures(pair) }));
}
