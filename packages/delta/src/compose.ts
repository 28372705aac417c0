import { applyDelta, applySnapshot, Patching } from "./apply.ts";
import { encodeReplacement, snapshotOf } from "./encode.ts";
import { checkDepth, isObject, type JsonObject, type JsonValue, own, setOwn } from "./json.ts";
import { composeOrders } from "./list-order.ts";
import { fieldsOf, frameHead, isReplacement, malformed, orderOf } from "./patch-shape.ts";
import type { ListOrders } from "./view-state.ts";

/**
 * One delta that leads where `first` and then `second` lead, for every view they can be applied to. It keeps the `@s` and
 * `@h` of `second`. Neither argument is changed, and parts of both are shared with the result. Throws `invalid_argument`
 * when `second` cannot follow `first`.
 *
 * Size: one entry for each place that either touches. A key that came and went leaves its `null`, because nothing in a
 * delta says whether it stood in the base; whoever composes without end compares with the snapshot and sends that instead.
 */
export function composeDeltas(first: JsonObject, second: JsonObject): JsonObject {
  const { seq, hash } = frameHead(second);
  const before = frameHead(first);
  if (seq < before.seq) throw malformed("seq", "@s goes back", { from: before.seq, to: seq });
  const { "@s": _seq, "@h": _hash, ...merged } = composeObjects(first, second, true, 0);
  return { "@s": seq, ...(hash === undefined ? {} : { "@h": hash }), ...merged };
}

/** The snapshot that stands for `snapshot` followed by `delta`. Errors as in `composeDeltas`. */
export function composeSnapshot(snapshot: JsonObject, delta: JsonObject): JsonObject {
  const { hash } = frameHead(delta);
  const composed = snapshotOf(applyDelta(applySnapshot(snapshot), delta));
  return hash === undefined ? composed : { ...composed, "@h": hash };
}

function composeValues(first: JsonValue, second: JsonValue, depth: number): JsonValue {
  checkDepth(depth);
  if (!isObject(second) || isReplacement(second)) return second;
  if (isObject(first)) return composeObjects(first, second, false, depth);
  // Whatever stood in the base is gone after a null, a scalar or an array: the result must replace, not merge.
  return applyToWhole(first, second, depth);
}

function composeObjects(first: JsonObject, second: JsonObject, isRoot: boolean, depth: number): JsonObject {
  if (isReplacement(second)) return second;
  if (isReplacement(first))
    return isRoot ? rootReplacement(first, second) : (applyToWhole(first, second, depth) as JsonObject);
  const composed: Record<string, JsonValue> = {};
  for (const key of fieldsOf(first, isRoot)) setOwn(composed, key, first[key]!);
  for (const key of fieldsOf(second, isRoot)) {
    const before = own(first, key);
    setOwn(composed, key, before === undefined ? second[key]! : composeValues(before, second[key]!, depth + 1));
  }
  const orderFirst = orderOf(first);
  const orderSecond = orderOf(second);
  const order = orderSecond === undefined ? orderFirst : composeOrders(orderFirst, orderSecond);
  if (order !== undefined) composed["@o"] = order;
  return composed;
}

/** `first` leaves a state that does not depend on the base, so the two can simply be applied. */
function applyToWhole(first: JsonValue, second: JsonValue, depth: number): JsonValue {
  const orders: ListOrders = new WeakMap();
  const patching = new Patching(orders);
  const value = patching.value(patching.value(undefined, first, depth), second, depth);
  return value === undefined ? null : encodeReplacement(value, orders, depth);
}

function rootReplacement(first: JsonObject, second: JsonObject): JsonObject {
  const { "@s": _seq, ...whole } = snapshotOf(applyDelta(applySnapshot(first), second));
  return { "@r": true, ...whole };
}
