import { type Random, SeededRandom } from "@tidewire/foundation";
import { type JsonObject, type JsonValue, keysOfList, type OrderEntry, type ViewState } from "../../src/index.ts";

/**
 * Deltas no differ would write but the format allows: changes that change nothing, patches of scalars, replacements with
 * `@r` where a merge would do, orders cut into odd ranges, elements re-created under their key, nulls for what is not there.
 */
export class DeltaWriter {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A delta that can follow `view`. */
  delta(view: ViewState): JsonObject {
    const seq = view.seq + this.#random.below(3);
    if (this.#random.below(20) === 0) return { "@s": seq, "@r": true, ...this.#freshObject(2) };
    return { "@s": seq, ...this.#patchObject(view.value, view, 0) };
  }

  #patchObject(base: JsonObject, view: ViewState, depth: number): JsonObject {
    const patch: [string, JsonValue][] = [];
    for (const key of this.#someNames()) {
      patch.push([key, this.#patch(Object.hasOwn(base, key) ? base[key] : undefined, view, depth + 1)]);
    }
    return Object.fromEntries(patch);
  }

  #patch(base: JsonValue | undefined, view: ViewState, depth: number): JsonValue {
    const choice = this.#random.below(6);
    if (choice === 0) return null;
    if (choice === 1 || base === undefined) return this.#whole(depth);
    if (choice === 2) return this.#replacement(depth);
    const keys = Array.isArray(base) ? keysOfList(view, base) : undefined;
    if (keys !== undefined) return this.#patchList(base as readonly JsonValue[], keys, view, depth);
    return typeof base === "object" && !Array.isArray(base)
      ? this.#patchObject(base as JsonObject, view, depth)
      : this.#freshObject(depth);
  }

  #patchList(base: readonly JsonValue[], keys: readonly string[], view: ViewState, depth: number): JsonObject {
    const patch: [string, JsonValue][] = [];
    const order: OrderEntry[] = [];
    const isReordered = this.#random.below(3) > 0;
    for (const [position, key] of keys.entries()) {
      const choice = this.#random.below(isReordered ? 5 : 3);
      const element = base[position]!;
      if (choice === 0) patch.push([key, this.#elementPatch(element, view, depth)]);
      else if (choice === 3) patch.push([key, null]);
      else if (choice === 4) patch.push([key, { "@r": true, ...this.#freshObject(depth) }]);
      if (isReordered && choice !== 3) order.push(this.#random.below(2) === 0 ? key : [position, position]);
    }
    for (const key of this.#someNames()) {
      if (keys.includes(key)) continue;
      if (isReordered && this.#random.below(2) === 0) {
        patch.push([key, this.#freshObject(depth)]);
        order.push(key);
      } else {
        patch.push([key, null]);
      }
    }
    if (isReordered) patch.push(["@o", this.#joined(this.#shuffled(order))]);
    return Object.fromEntries(patch);
  }

  #elementPatch(element: JsonValue, view: ViewState, depth: number): JsonValue {
    return typeof element === "object" && !Array.isArray(element)
      ? this.#patchObject(element as JsonObject, view, depth + 1)
      : this.#freshObject(depth + 1);
  }

  /** Joins ranges that happen to be neighbours, sometimes. */
  #joined(order: readonly OrderEntry[]): OrderEntry[] {
    const joined: OrderEntry[] = [];
    for (const entry of order) {
      const last = joined.at(-1);
      const isNext =
        typeof entry !== "string" && last !== undefined && typeof last !== "string" && last[1] + 1 === entry[0];
      if (isNext && this.#random.below(3) > 0) joined[joined.length - 1] = [last[0], entry[1]];
      else joined.push(entry);
    }
    return joined;
  }

  #whole(depth: number): JsonValue {
    const choice = this.#random.below(5);
    if (choice < 2 || depth > 3) return this.#random.below(4);
    if (choice === 2) return [1, "x", this.#random.below(3)];
    return { "@r": true, ...(choice === 3 ? this.#freshList(depth) : this.#freshObject(depth)) };
  }

  #replacement(depth: number): JsonObject {
    return { "@r": true, ...(this.#random.below(2) === 0 ? this.#freshList(depth) : this.#freshObject(depth)) };
  }

  #freshObject(depth: number): JsonObject {
    const names = depth > 3 ? [] : this.#someNames();
    return Object.fromEntries(
      names.map((key) => [key, this.#random.below(8) === 0 ? null : this.#freshValue(depth + 1)]),
    );
  }

  #freshValue(depth: number): JsonValue {
    const choice = this.#random.below(4);
    if (choice < 2 || depth > 3) return this.#random.below(4);
    return choice === 2 ? this.#freshList(depth) : this.#freshObject(depth);
  }

  #freshList(depth: number): JsonObject {
    const keys = this.#shuffled([...new Set(this.#someNames())]);
    return Object.fromEntries([
      ...keys.map((key) => [key, this.#freshObject(depth + 1)] as const),
      ["@o", keys] as const,
    ]);
  }

  #someNames(): string[] {
    const names = ["1", "2", "3", "4", "5", "__proto__", "constructor", "a", ""];
    return names.filter(() => this.#random.below(3) === 0);
  }

  #shuffled<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items];
    for (let index = shuffled.length - 1; index > 0; index--) {
      if (this.#random.below(3) === 0) continue;
      const other = this.#random.below(index + 1);
      [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
    }
    return shuffled;
  }
}
