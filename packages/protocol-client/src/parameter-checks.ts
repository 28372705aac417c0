import type { JsonFields } from "./json-value.ts";
import { parameterFault } from "./parameter-fault.ts";

export { jsonText } from "./json-text.ts";
export type { JsonFields, JsonValue } from "./json-value.ts";
export { parameterFault } from "./parameter-fault.ts";

export function stringWithin(value: unknown, parameter: string, minLength: number, maxLength: number): string {
  if (typeof value !== "string") throw parameterFault(parameter, value, "must be a string");
  if (value.length < minLength || value.length > maxLength) {
    throw parameterFault(parameter, value, `must have ${minLength} to ${maxLength} characters`, "out_of_range");
  }
  return value;
}

/** @param pattern anchored at both ends. */
export function stringMatching(value: unknown, parameter: string, pattern: RegExp): string {
  if (typeof value !== "string") throw parameterFault(parameter, value, "must be a string");
  if (!pattern.test(value)) throw parameterFault(parameter, value, `must match ${pattern.source}`, "malformed");
  return value;
}

export function integerWithin(value: unknown, parameter: string, min: number, max: number): number {
  if (typeof value !== "number") throw parameterFault(parameter, value, "must be an integer");
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw parameterFault(parameter, value, `must be an integer from ${min} to ${max}`, "out_of_range");
  }
  return value;
}

export function numberOf(value: unknown, parameter: string): number {
  if (typeof value !== "number") throw parameterFault(parameter, value, "must be a number");
  // JSON text like 1e999 parses to infinity, which is no JSON value to send back.
  if (!Number.isFinite(value)) throw parameterFault(parameter, value, "must be a finite number", "out_of_range");
  return value;
}

export function booleanOf(value: unknown, parameter: string): boolean {
  if (typeof value !== "boolean") throw parameterFault(parameter, value, "must be true or false");
  return value;
}

export function listOf(value: unknown, parameter: string, maxCount: number): readonly unknown[] {
  if (!Array.isArray(value)) throw parameterFault(parameter, value, "must be an array");
  if (value.length > maxCount) {
    throw parameterFault(parameter, value, `must have at most ${maxCount} elements`, "out_of_range");
  }
  return value as readonly unknown[];
}

export function tupleOf(value: unknown, parameter: string, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) {
    throw parameterFault(parameter, value, `must hold arrays of ${length} items`, "wrong_type");
  }
  return value as readonly unknown[];
}

export function fieldsOf(value: unknown, parameter: string): JsonFields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw parameterFault(parameter, value, "must be an object");
  }
  return value as JsonFields;
}
