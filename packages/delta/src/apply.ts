import { checkDepth, isArray, isObject, type JsonObject, type JsonValue, own, setOwn } from "./json.ts";
import { expandOrder, ListOrder } from "./list-order.ts";
import { fieldsOf, frameHead, isReplacement, malformed, type OrderEntry, orderOf } from "./patch-shape.ts";
import { share } from "./share.ts";
import { emptyView, type ListOrders, type ViewState } from "./view-state.ts";

/**
 * The state a delta leads to. Unchanged parts keep their identity; a delta that changes nothing keeps the whole value.
 * Throws `invalid_argument` for a delta that is malformed or cannot follow `view`; `view` is untouched in any case.
 */
export function applyDelta(view: ViewState, delta: JsonObject): ViewState {
  const { seq } = frameHead(delta);
  if (seq < view.seq) throw malformed("seq", "@s goes back", { from: view.seq, to: seq });
  return { value: new Patching(view.orders).root(view.value, delta), seq, orders: view.orders };
}

/**
 * The state a snapshot stands for. With `previous`, parts that are equal keep their identity; nothing else of it stays.
 * Throws `invalid_argument` for a malformed snapshot.
 */
export function applySnapshot(snapshot: JsonObject, previous: ViewState = emptyView()): ViewState {
  const { seq } = frameHead(snapshot);
  const { orders } = previous;
  const value = new Patching(orders).root({}, snapshot);
  return { value: share(previous.value, value, orders) as JsonObject, seq, orders };
}

/** One application of a patch. Everything it makes is new, so a throw half-way leaves nothing behind. */
export class Patching {
  readonly #orders: ListOrders;

  constructor(orders: ListOrders) {
    this.#orders = orders;
  }

  root(base: JsonObject, frame: JsonObject): JsonObject {
    if (!isObject(frame)) throw malformed("frame", "a frame is an object");
    if (!isReplacement(frame)) return this.#object(base, frame, true, 0);
    return share(base, this.#object({}, frame, true, 0), this.#orders) as JsonObject;
  }

  /** RFC 7386 with keyed lists. `undefined` is absence, on both sides. */
  value(base: JsonValue | undefined, patch: JsonValue, depth: number): JsonValue | undefined {
    checkDepth(depth);
    if (patch === null) return undefined;
    if (!isObject(patch)) return share(base, patch, this.#orders);
    if (isReplacement(patch)) return share(base, this.#merge(undefined, patch, depth), this.#orders);
    return this.#merge(base, patch, depth);
  }

  #merge(base: JsonValue | undefined, patch: JsonObject, depth: number): JsonValue {
    const order = orderOf(patch);
    const orderBefore = isArray(base) ? this.#orders.get(base) : undefined;
    if (order !== undefined) {
      if (base !== undefined && orderBefore === undefined)
        throw malformed("not_a_list", "@o without @r on something else");
      return this.#reorderedList(
        (base ?? []) as readonly JsonValue[],
        orderBefore ?? ListOrder.empty,
        patch,
        order,
        depth,
      );
    }
    if (orderBefore !== undefined) return this.#list(base as readonly JsonValue[], orderBefore, patch, depth);
    return this.#object(isObject(base) ? base : undefined, patch, false, depth);
  }

  #object(base: JsonObject | undefined, patch: JsonObject, isRoot: boolean, depth: number): JsonObject {
    let next: Record<string, JsonValue> | undefined = base === undefined ? {} : undefined;
    for (const key of fieldsOf(patch, isRoot)) {
      const before = base === undefined ? undefined : own(base, key);
      const value = this.value(before, patch[key]!, depth + 1);
      if (value === before) continue;
      next ??= { ...base };
      if (value === undefined) delete next[key];
      else setOwn(next, key, value);
    }
    return next ?? base!;
  }

  /** Element patches without `@o`: membership and order stay. */
  #list(base: readonly JsonValue[], order: ListOrder, patch: JsonObject, depth: number): readonly JsonValue[] {
    let next: JsonValue[] | undefined;
    for (const key of fieldsOf(patch, false)) {
      const position = order.positionOf(key);
      if (position === undefined) {
        if (patch[key] === null) continue;
        throw malformed("order", "an element came without @o", { key });
      }
      const value = this.value(base[position], patch[key]!, depth + 1);
      if (value === undefined) throw malformed("order", "an element left without @o", { key });
      if (value !== base[position]) (next ??= [...base])[position] = value;
    }
    if (next === undefined) return base;
    this.#orders.set(next, order);
    return next;
  }

  #reorderedList(
    base: readonly JsonValue[],
    before: ListOrder,
    patch: JsonObject,
    entries: readonly OrderEntry[],
    depth: number,
  ): readonly JsonValue[] {
    const patched = new Map<string, JsonValue | undefined>();
    let length = base.length;
    for (const key of fieldsOf(patch, false)) {
      const position = before.positionOf(key);
      const value = this.value(position === undefined ? undefined : base[position], patch[key]!, depth + 1);
      patched.set(key, value);
      if (position === undefined && value !== undefined) length++;
      if (position !== undefined && value === undefined) length--;
    }
    const order = expandOrder(entries, before);
    // Keys are distinct and each must exist, so equal numbers mean equal sets: nothing left or came unnamed.
    if (order.keys.length !== length) throw malformed("order", "@o does not name the elements that remain");
    let isSame = length === base.length;
    const next = order.keys.map((key, position) => {
      const value = patched.has(key) ? patched.get(key) : base[before.positionOf(key) ?? -1];
      if (value === undefined) throw malformed("order", "@o names an element that is not there", { key });
      if (value !== base[position]) isSame = false;
      return value;
    });
    if (isSame && this.#orders.has(base) && order.equals(before)) return base;
    this.#orders.set(next, order);
    return next;
  }
}
