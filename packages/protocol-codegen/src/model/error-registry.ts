import type { XmlElement } from "../xml/xml-element.ts";
import { AttributeReader, ProblemList } from "./attribute-reader.ts";

export const errorsNamespace = "urn:tidewire:errors:1";

/** Every error a project can answer with. */
export interface ErrorRegistry {
  readonly ranges: readonly ErrorRange[];
  readonly errors: readonly ErrorEntry[];
  readonly file: string;
}

export interface ErrorRange {
  readonly subsystem: string;
  readonly from: number;
  readonly to: number;
}

export interface ErrorEntry {
  readonly code: string;
  readonly number: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly httpStatus: number;
  readonly audience: "client" | "internal";
  readonly meaning: string;
  readonly line: number;
}

export function readErrorRegistry(root: XmlElement): ErrorRegistry {
  const problems = new ProblemList();
  if (root.name !== "errors" || root.namespace !== errorsNamespace) {
    problems.add(root, "is no error registry", `Use <errors xmlns="${errorsNamespace}">`);
    problems.settle();
  }
  const ranges: ErrorRange[] = [];
  const errors: ErrorEntry[] = [];
  const codes = new Set<string>();
  const numbers = new Set<number>();
  for (const element of root.children) {
    if (element.name === "range") {
      ranges.push(readRange(element, ranges, problems));
    } else if (element.name === "error") {
      const entry = readError(element, ranges, problems);
      if (codes.has(entry.code)) problems.add(element, "the code is used twice", "Give each error its own code");
      if (numbers.has(entry.number))
        problems.add(element, `number ${entry.number} is used twice`, "Never reuse a number");
      codes.add(entry.code);
      numbers.add(entry.number);
      errors.push(entry);
    } else {
      problems.add(element, "is not known inside errors", "Use one of: range, error");
    }
  }
  problems.settle();
  return { ranges, errors, file: root.file };
}

function readRange(element: XmlElement, before: readonly ErrorRange[], problems: ProblemList): ErrorRange {
  const attributes = new AttributeReader(element, problems);
  const range = {
    subsystem: attributes.identifier("subsystem", /^[a-z][a-z0-9-]*$/),
    from: attributes.integer("from", { min: 1, max: 65_535 }),
    to: attributes.integer("to", { min: 1, max: 65_535 }),
  };
  if (range.from > range.to) problems.add(element, "ends before it begins", "Swap from and to");
  if (before.some((other) => range.from <= other.to && other.from <= range.to)) {
    problems.add(element, "overlaps an earlier range", "Give each subsystem its own numbers");
  }
  return range;
}

function readError(element: XmlElement, ranges: readonly ErrorRange[], problems: ProblemList): ErrorEntry {
  const attributes = new AttributeReader(element, problems);
  const number = attributes.integer("number", { min: 1, max: 65_535 });
  const retryable = attributes.choice("retryable", ["true", "false"]) === "true";
  const retryAfterMs =
    attributes.optionalText("retryAfterMs") === undefined
      ? undefined
      : attributes.integer("retryAfterMs", { min: 0, max: 3_600_000 });
  if (!ranges.some((range) => number >= range.from && number <= range.to)) {
    problems.add(
      element,
      `number ${number} is in no range`,
      "Declare the range before it, or choose a number inside one",
    );
  }
  if (retryAfterMs !== undefined && !retryable) {
    problems.add(element, "has retryAfterMs but is not retryable", "Remove retryAfterMs or make it retryable");
  }
  if (element.text === "") problems.add(element, "has no meaning", "Write inside the element what it tells the caller");
  return {
    code: attributes.identifier("code", /^[a-z][a-z0-9_]*$/),
    number,
    retryable,
    retryAfterMs,
    httpStatus: attributes.integer("httpStatus", { min: 400, max: 599 }),
    audience: attributes.choice("audience", ["client", "internal"]),
    meaning: element.text,
    line: element.line,
  };
}
