import { isArray, isObject, type JsonObject, type JsonValue, setOwn } from "./json.ts";
import type { ListOrders } from "./view-state.ts";

/**
 * `next`, with every part that equals the same part of `previous` replaced by it, so that what did not change keeps its
 * identity even when it was sent again. Elements of keyed lists are matched by key.
 */
export function share(previous: JsonValue | undefined, next: JsonValue, orders: ListOrders): JsonValue {
  if (previous === next || previous === undefined) return next;
  if (isArray(next)) return isArray(previous) ? shareArray(previous, next, orders) : next;
  if (isObject(next)) return isObject(previous) ? shareObject(previous, next, orders) : next;
  return next;
}

function shareObject(previous: JsonObject, next: JsonObject, orders: ListOrders): JsonObject {
  const keys = Object.keys(next);
  let isSame = keys.length === Object.keys(previous).length;
  let shared: Record<string, JsonValue> | undefined;
  for (const key of keys) {
    const before = Object.hasOwn(previous, key) ? previous[key] : undefined;
    const value = share(before, next[key]!, orders);
    if (value !== before) isSame = false;
    if (value !== next[key]) setOwn((shared ??= { ...next }), key, value);
  }
  return isSame ? previous : (shared ?? next);
}

function shareArray(
  previous: readonly JsonValue[],
  next: readonly JsonValue[],
  orders: ListOrders,
): readonly JsonValue[] {
  const orderBefore = orders.get(previous);
  const order = orders.get(next);
  if ((orderBefore === undefined) !== (order === undefined)) return next;
  let isSame = next.length === previous.length && (order === undefined || order.equals(orderBefore!));
  let shared: JsonValue[] | undefined;
  for (const [position, element] of next.entries()) {
    const positionBefore = order === undefined ? position : orderBefore!.positionOf(order.keys[position]!);
    const value = share(positionBefore === undefined ? undefined : previous[positionBefore], element, orders);
    if (value !== previous[position]) isSame = false;
    if (value !== element) (shared ??= [...next])[position] = value;
  }
  if (isSame) return previous;
  if (shared === undefined) return next;
  if (order !== undefined) orders.set(shared, order);
  return shared;
}
