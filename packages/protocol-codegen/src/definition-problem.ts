/** One thing that is wrong with a definition, said so that its author can mend it without reading the generator. */
export interface DefinitionProblem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** The element at fault, e.g. `field "marker"`. */
  readonly element: string;
  readonly problem: string;
  readonly fix: string;
}

export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
  readonly problems: readonly DefinitionProblem[];

  constructor(problems: readonly DefinitionProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

export function formatProblem(problem: DefinitionProblem): string {
  return `${problem.file}:${problem.line}: ${problem.element}: ${problem.problem}. ${problem.fix}.`;
}
