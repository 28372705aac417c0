import type { SchemaNode } from "./schema-node.ts";
import { StateError } from "./state-error.ts";

/** Deeper JSON is refused, so that no walk over it can exhaust the stack. */
const jsonDepthMax = 32;
const agentLengthMax = 512;

/** What a value of the wrong type is called in an error: its type, never its content. */
export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : String(value);
  return typeof value === "object" ? "an object" : typeof value;
}

function wrong(expected: string, value: unknown): StateError {
  return new StateError(`expected ${expected}, got ${describeType(value)}`);
}

/** The value as state keeps it; throws `StateError` for one the schema does not allow. Principals are interned elsewhere. */
export function checkScalar(node: SchemaNode, value: unknown): unknown {
  switch (node.kind) {
    case "int":
      if (!Number.isSafeInteger(value)) throw wrong("a safe integer", value);
      return checkRange(node, value as number);
    case "timestamp":
      if (!Number.isSafeInteger(value)) throw wrong("milliseconds as a safe integer", value);
      return value;
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value)) throw wrong("a finite number", value);
      return checkRange(node, value);
    case "string":
      if (typeof value !== "string") throw wrong("a string", value);
      if (value.length > node.lengthMax!)
        throw new StateError(`a string may have at most ${node.lengthMax} code units`);
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw wrong("a boolean", value);
      return value;
    case "enum":
      if (typeof value !== "string" || !node.values!.includes(value)) {
        throw new StateError(`expected one of ${node.values!.join(", ")}`);
      }
      return value;
    case "principal":
      return checkPrincipal(value);
    case "json":
      return frozenJson(value);
    default:
      throw new StateError(`a ${node.kind} is not a scalar`);
  }
}

function checkRange(node: SchemaNode, value: number): number {
  if (node.min !== undefined && value < node.min) throw new StateError(`must be at least ${node.min}`);
  if (node.max !== undefined && value > node.max) throw new StateError(`must be at most ${node.max}`);
  // A negative zero does not survive JSON.
  return value === 0 ? 0 : value;
}

function checkPrincipal(value: unknown): unknown {
  const { agent, authority } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof agent !== "string" || typeof authority !== "string") throw wrong("a principal", value);
  if (agent.length > agentLengthMax || authority.length > agentLengthMax)
    throw new StateError("a principal is too long");
  return value;
}

/** A frozen deep copy of plain JSON. Refuses nulls, cycles, keys beginning with `@` and everything JSON does not have. */
export function frozenJson(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw wrong("JSON", value);
      return value === 0 ? 0 : value;
    case "object":
      break;
    default:
      throw wrong("JSON", value);
  }
  if (value === null) throw new StateError("state holds no nulls: leave the key out");
  // A cycle has no end, so it is found here.
  if (depth >= jsonDepthMax)
    throw new StateError(`JSON may be nested at most ${jsonDepthMax} deep, and without cycles`);
  if (Array.isArray(value) && isFrozenScalars(value)) return value;
  if (Array.isArray(value)) return Object.freeze(Array.from(value, (item) => frozenJson(item, depth + 1)));
  const prototype = Object.getPrototypeOf(value) as unknown;
  // Plain objects of another realm have a prototype without a prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new StateError("expected plain JSON data");
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    if (key.startsWith("@")) throw new StateError("keys do not begin with @");
    // Not an assignment: `__proto__` is a key like any other.
    Object.defineProperty(copy, key, { value: frozenJson(item, depth + 1), enumerable: true });
  }
  return Object.freeze(copy);
}

/** Needs no copy: nobody can change it. */
function isFrozenScalars(array: readonly unknown[]): boolean {
  return Object.isFrozen(array) && array.every((item) => typeof item === "string" || typeof item === "boolean");
}

/** Whether two frozen JSON values are the same. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
