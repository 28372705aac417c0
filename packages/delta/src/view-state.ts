import { checkDepth, isArray, isObject, type JsonObject, type JsonValue } from "./json.ts";
import { ListOrder } from "./list-order.ts";
import { malformed } from "./patch-shape.ts";

/**
 * Which arrays are keyed lists, and the keys of their elements. Beside the values, so that a view is plain JSON. Arrays
 * are never changed in place, so an entry stays true for as long as its array lives.
 */
export type ListOrders = WeakMap<readonly JsonValue[], ListOrder>;

/** One version of a view. Immutable: every operation gives a new one that shares what did not change. */
export interface ViewState {
  readonly value: JsonObject;
  readonly seq: number;
  /** Shared by all versions that came from one another. */
  readonly orders: ListOrders;
}

/** Gives the element keys of an array that is a keyed list, `undefined` for an array of scalars. */
export type KeysOf = (list: readonly JsonValue[], path: readonly string[]) => readonly string[] | undefined;

/** What there is before the first snapshot. */
export function emptyView(): ViewState {
  return { value: {}, seq: 0, orders: new WeakMap() };
}

/**
 * A view from plain JSON, for servers and tests. Throws `invalid_argument` when keys and elements of a list do not match
 * in number, or a key comes twice.
 */
export function viewOf(value: JsonObject, seq: number, keysOf: KeysOf = () => undefined): ViewState {
  const orders: ListOrders = new WeakMap();
  const visit = (value: JsonValue, path: readonly string[]): void => {
    checkDepth(path.length);
    if (isArray(value)) {
      const keys = keysOf(value, path);
      if (keys === undefined) return;
      if (keys.length !== value.length || new Set(keys).size !== keys.length) {
        throw malformed("keys", "a keyed list needs one distinct key for each element");
      }
      orders.set(value, new ListOrder([...keys]));
      for (const [position, element] of value.entries()) visit(element, [...path, keys[position]!]);
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) visit(value[key]!, [...path, key]);
    }
  };
  visit(value, []);
  return { value, seq, orders };
}

/** The element keys of a keyed list of this view; `undefined` for every other value. */
export function keysOfList(view: ViewState, list: readonly JsonValue[]): readonly string[] | undefined {
  return view.orders.get(list)?.keys;
}
