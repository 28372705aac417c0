import { DefinitionError, type DefinitionProblem } from "../definition-problem.ts";
import { describeElement, type XmlElement } from "../xml/xml-element.ts";

/** Collects what is wrong, so that an author sees all of it at once. */
export class ProblemList {
  readonly problems: DefinitionProblem[] = [];

  add(element: XmlElement, problem: string, fix: string): void {
    this.problems.push({ file: element.file, line: element.line, element: describeElement(element), problem, fix });
  }

  /** Throws a `DefinitionError` if anything was added. */
  settle(): void {
    if (this.problems.length > 0) throw new DefinitionError(this.problems);
  }
}

/** Typed access to the attributes of one element; each fault becomes a problem and a harmless value. */
export class AttributeReader {
  readonly #element: XmlElement;
  readonly #problems: ProblemList;

  constructor(element: XmlElement, problems: ProblemList) {
    this.#element = element;
    this.#problems = problems;
  }

  optionalText(name: string): string | undefined {
    return this.#element.attributes.get(name);
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name, "");
  }

  /** A name that becomes an identifier in generated code. */
  identifier(name: string, pattern: RegExp): string {
    const value = this.text(name);
    if (value !== "" && !pattern.test(value)) {
      this.#problems.add(this.#element, `${name} "${value}" is no fit name`, `Match ${pattern.source}`);
    }
    return value;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback?: Choice): Choice {
    const value = this.optionalText(name);
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    if (value === undefined && fallback !== undefined) return fallback;
    if (value === undefined) return this.#missing(name, choices[0] as Choice);
    this.#problems.add(this.#element, `${name} "${value}" is unknown`, `Use one of: ${choices.join(", ")}`);
    return choices[0] as Choice;
  }

  flag(name: string): boolean {
    return this.choice(name, ["true", "false"], "false") === "true";
  }

  integer(name: string, range: { readonly min: number; readonly max: number }, fallback?: number): number {
    const value = this.optionalText(name);
    if (value === undefined) return fallback ?? this.#missing(name, range.min);
    const number = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= range.min && number <= range.max) return number;
    this.#problems.add(
      this.#element,
      `${name} "${value}" is out of range`,
      `Use an integer from ${range.min} to ${range.max}`,
    );
    return range.min;
  }

  /** A list of lower-case names, separated by spaces; empty if the attribute is not there. */
  words(name: string): string[] {
    const words = (this.optionalText(name) ?? "").split(/\s+/).filter((word) => word !== "");
    for (const word of words) {
      if (/^[a-z][a-z0-9-]*$/.test(word)) continue;
      this.#problems.add(this.#element, `${name} has "${word}"`, "Use lower-case names, separated by spaces");
    }
    return words;
  }

  #missing<Value>(name: string, stand: Value): Value {
    this.#problems.add(this.#element, `${name} is missing`, `Add the attribute ${name}`);
    return stand;
  }
}

/** A stand-in for an element that was read already, so that a semantic check can name its place. */
export function elementAt(file: string, line: number, name: string): XmlElement {
  return { name, namespace: "", attributes: new Map(), children: [], text: "", file, line };
}
