import type { DefinitionProblem } from "../definition-problem.ts";

/** Collects what an older peer could not live with. */
export class ProblemSink {
  readonly problems: DefinitionProblem[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(line: number, element: string, problem: string, fix: string): void {
    this.problems.push({ file: this.#file, line, element, problem, fix });
  }

  /** Pairs released things with current ones by key and reports those that are gone. */
  pairs<Part extends { readonly line: number }>(
    what: string,
    released: readonly Part[],
    current: readonly Part[],
    keyOf: (part: Part) => string | number,
    containerLine: number,
  ): { readonly kept: readonly (readonly [Part, Part])[]; readonly added: readonly Part[] } {
    const currentByKey = new Map(current.map((part) => [keyOf(part), part]));
    const releasedKeys = new Set(released.map(keyOf));
    const kept: (readonly [Part, Part])[] = [];
    for (const part of released) {
      const now = currentByKey.get(keyOf(part));
      if (now !== undefined) kept.push([part, now]);
      else
        this.add(
          containerLine,
          `${what} ${keyOf(part)}`,
          "was released and is gone",
          "Put it back; mark it unused in its text",
        );
    }
    return { kept, added: current.filter((part) => !releasedKeys.has(keyOf(part))) };
  }
}
