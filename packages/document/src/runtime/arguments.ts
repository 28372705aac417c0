import type { StandardSchemaV1 } from "@standard-schema/spec";
import { LimitError } from "../state/limit-error.ts";
import { CommandFault, invalidArgument } from "./errors.ts";

/** Issues told to the sender. */
const issuesMax = 8;

/** Parses JSON text that a client sent. */
export function parseArgument(text: string | undefined, parameter: string, lengthMax: number): unknown {
  if (text === undefined) return undefined;
  if (text.length > lengthMax) throw new LimitError("argMaxLength", lengthMax);
  try {
    return JSON.parse(text);
  } catch {
    throw CommandFault.of(invalidArgument(`${parameter} is not JSON`, { parameter }));
  }
}

/** The value as the schema gives it back. Refuses with `invalid_argument` and the first issues. */
export function validated(schema: StandardSchemaV1 | undefined, value: unknown, parameter: string): unknown {
  if (schema === undefined) return value;
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new TypeError("a schema that validates asynchronously cannot be used here");
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.slice(0, issuesMax).map(({ message, path }) => ({
    message,
    path: (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)),
  }));
  throw CommandFault.of(invalidArgument(`${parameter} is not what the message takes`, { parameter, issues }));
}
