import { encodeReplacement, encodeWhole } from "./encode.ts";
import { checkDepth, isArray, isObject, type JsonObject, type JsonValue, own, setOwn } from "./json.ts";
import { encodeOrder } from "./list-order.ts";
import type { ListOrders, ViewState } from "./view-state.ts";

/**
 * A delta from one view to another: `applyDelta(from, diffViews(from, to))` is `to`. It says only what differs; parts that
 * are the same object in both are not looked into. A server that tracks changes knows better; this is the yardstick.
 */
export function diffViews(from: ViewState, to: ViewState): JsonObject {
  const patch = new Difference(from.orders, to.orders).objects(from.value, to.value, 0);
  return { "@s": to.seq, ...patch };
}

class Difference {
  readonly #before: ListOrders;
  readonly #after: ListOrders;

  constructor(before: ListOrders, after: ListOrders) {
    this.#before = before;
    this.#after = after;
  }

  /** The patch between two objects; `undefined` when they are equal. */
  objects(from: JsonObject, to: JsonObject, depth: number): JsonObject | undefined {
    let patch: Record<string, JsonValue> | undefined;
    for (const key of Object.keys(from)) {
      if (!Object.hasOwn(to, key)) setOwn((patch ??= {}), key, null);
    }
    for (const key of Object.keys(to)) {
      const child = this.#values(own(from, key), to[key]!, depth + 1);
      if (child !== undefined) setOwn((patch ??= {}), key, child);
    }
    return patch;
  }

  #values(from: JsonValue | undefined, to: JsonValue, depth: number): JsonValue | undefined {
    checkDepth(depth);
    if (from === undefined) return encodeWhole(to, this.#after, depth);
    const isList = isArray(to) && this.#after.has(to);
    const wasList = isArray(from) && this.#before.has(from);
    if (isList && wasList) return this.#lists(from, to, depth);
    if (isList || wasList) return encodeReplacement(to, this.#after, depth);
    if (from === to) return undefined;
    if (isObject(to)) return isObject(from) ? this.objects(from, to, depth) : encodeReplacement(to, this.#after, depth);
    return areEqual(from, to) ? undefined : to;
  }

  #lists(from: readonly JsonValue[], to: readonly JsonValue[], depth: number): JsonObject | undefined {
    const before = this.#before.get(from)!;
    const after = this.#after.get(to)!;
    let patch: Record<string, JsonValue> | undefined;
    for (const key of before.keys) if (!after.has(key)) setOwn((patch ??= {}), key, null);
    for (const [position, key] of after.keys.entries()) {
      const positionBefore = before.positionOf(key);
      const child = this.#values(
        positionBefore === undefined ? undefined : from[positionBefore],
        to[position]!,
        depth + 1,
      );
      if (child !== undefined) setOwn((patch ??= {}), key, child);
    }
    if (after.equals(before)) return patch;
    return { ...patch, "@o": encodeOrder(before, after) };
  }
}

/** Equality of scalars and of arrays that are not keyed lists. */
function areEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isArray(a))
    return isArray(b) && a.length === b.length && a.every((element, position) => areEqual(element, b[position]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && areEqual(a[key], b[key]))
  );
}
