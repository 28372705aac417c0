import { ServiceError } from "@tidewire/foundation";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Nesting that apply, compose, diff and the hash accept. Far beyond any real view; it keeps recursion off the stack's end. */
export const depthMax = 128;

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** An own field or nothing: `constructor` of an empty object is nothing. */
export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own field whatever its name is; plain assignment to `__proto__` would change the prototype instead. */
export function setOwn(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

export function checkDepth(depth: number): void {
  if (depth > depthMax) {
    throw new ServiceError("invalid_argument", `nested deeper than ${depthMax}`, { details: { reason: "depth" } });
  }
}
