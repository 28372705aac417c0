import { checkDepth, isArray, isObject, type JsonObject, type JsonValue, setOwn } from "./json.ts";
import type { ListOrders, ViewState } from "./view-state.ts";

/** A view as the snapshot a server would send: keyed lists as objects with `@o`, and `@s` at the root. */
export function snapshotOf(view: ViewState): JsonObject {
  return { "@s": view.seq, ...(encodeWhole(view.value, view.orders, 0) as JsonObject) };
}

/** A value as it travels where nothing stood before. */
export function encodeWhole(value: JsonValue, orders: ListOrders, depth: number): JsonValue {
  checkDepth(depth);
  if (isArray(value)) {
    const order = orders.get(value);
    if (order === undefined) return value;
    const encoded: Record<string, JsonValue> = { "@o": order.keys };
    for (const [position, key] of order.keys.entries())
      setOwn(encoded, key, encodeWhole(value[position]!, orders, depth + 1));
    return encoded;
  }
  if (!isObject(value)) return value;
  const encoded: Record<string, JsonValue> = {};
  for (const key of Object.keys(value)) setOwn(encoded, key, encodeWhole(value[key]!, orders, depth + 1));
  return encoded;
}

/** A value as it travels where something else may stand: objects and lists are marked `@r`. */
export function encodeReplacement(value: JsonValue, orders: ListOrders, depth: number): JsonValue {
  const whole = encodeWhole(value, orders, depth);
  return isObject(whole) ? { "@r": true, ...whole } : whole;
}
