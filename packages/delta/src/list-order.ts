import { malformed, type OrderEntry } from "./patch-shape.ts";

/** The element keys of one keyed list, in order. Shared by every version of the list that has the same order. */
export class ListOrder {
  static readonly empty = new ListOrder([]);

  readonly keys: readonly string[];
  #positions: Map<string, number> | undefined;

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  positionOf(key: string): number | undefined {
    this.#positions ??= new Map(this.keys.map((key, position) => [key, position]));
    return this.#positions.get(key);
  }

  has(key: string): boolean {
    return this.positionOf(key) !== undefined;
  }

  equals(other: ListOrder): boolean {
    if (this === other) return true;
    return this.keys.length === other.keys.length && this.keys.every((key, position) => key === other.keys[position]);
  }
}

/** The order that `@o` describes over the list before it. Throws for a range outside of it and for a key named twice. */
export function expandOrder(order: readonly OrderEntry[], before: ListOrder): ListOrder {
  const keys = new Set<string>();
  const add = (key: string): void => {
    if (keys.has(key)) throw malformed("order", "@o names an element twice");
    keys.add(key);
  };
  for (const entry of order) {
    if (typeof entry === "string") {
      add(entry);
      continue;
    }
    const [from, to] = entry;
    if (to >= before.keys.length) throw malformed("order", "a range of @o ends outside of the list");
    for (let position = from; position <= to; position++) add(before.keys[position]!);
  }
  return new ListOrder([...keys]);
}

/** The shortest `@o` made of runs of the old list and single keys. */
export function encodeOrder(before: ListOrder, after: ListOrder): OrderEntry[] {
  const order: OrderEntry[] = [];
  const { keys } = after;
  for (let index = 0; index < keys.length; ) {
    const key = keys[index]!;
    const from = before.positionOf(key);
    if (from === undefined) {
      order.push(key);
      index++;
      continue;
    }
    let length = 1;
    while (index + length < keys.length && before.keys[from + length] === keys[index + length]) length++;
    const range: OrderEntry = [from, from + length - 1];
    order.push(length === 1 && JSON.stringify(key).length <= JSON.stringify(range).length ? key : range);
    index += length;
  }
  return order;
}

/**
 * `second` over `first`, as one order over the list before `first`: a range of the second selects entries of the first,
 * and those are keys and ranges of the base, so the format is closed. Neighbouring ranges are joined.
 */
export function composeOrders(
  first: readonly OrderEntry[] | undefined,
  second: readonly OrderEntry[],
): readonly OrderEntry[] {
  const composed: OrderEntry[] = [];
  const starts = first === undefined ? [] : startsOf(first);
  for (const entry of second) {
    if (typeof entry === "string" || first === undefined) append(composed, entry);
    else for (const part of slice(first, starts, entry[0], entry[1])) append(composed, part);
  }
  return composed;
}

/** Position of each entry's first element, and the total length at the end. */
function startsOf(order: readonly OrderEntry[]): number[] {
  const starts = [0];
  for (const entry of order) starts.push(starts.at(-1)! + (typeof entry === "string" ? 1 : entry[1] - entry[0] + 1));
  return starts;
}

function* slice(
  order: readonly OrderEntry[],
  starts: readonly number[],
  from: number,
  to: number,
): Generator<OrderEntry> {
  if (to >= starts.at(-1)!) throw malformed("order", "a range of @o ends outside of the list");
  for (let index = indexAt(starts, from); index < order.length && starts[index]! <= to; index++) {
    const entry = order[index]!;
    if (typeof entry === "string") {
      yield entry;
      continue;
    }
    const shift = entry[0] - starts[index]!;
    yield [Math.max(entry[0], from + shift), Math.min(entry[1], to + shift)];
  }
}

/** The last index whose start is not beyond `position`. */
function indexAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle;
  }
  return low;
}

function append(order: OrderEntry[], entry: OrderEntry): void {
  const last = order.at(-1);
  if (typeof entry !== "string" && last !== undefined && typeof last !== "string" && last[1] + 1 === entry[0]) {
    order[order.length - 1] = [last[0], entry[1]];
  } else {
    order.push(entry);
  }
}
