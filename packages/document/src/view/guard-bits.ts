import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import { placeOf } from "./holder-index.ts";

/** One bit for each guarded thing of each record: whether a viewer holds it. Grown as records come. */
export class GuardBits {
  /** By record type. */
  readonly #byType: (Uint32Array | undefined)[] = [];

  has(guard: Guard, record: RecordNode): boolean {
    const bits = this.#byType[record.$type.index];
    if (bits === undefined || record.$slot < 0) return false;
    const index = placeOf(guard, record);
    const word = index >>> 5;
    return word < bits.length && (bits[word]! & (1 << (index & 31))) !== 0;
  }

  set(guard: Guard, record: RecordNode, isSet: boolean): void {
    const type = record.$type;
    const index = placeOf(guard, record);
    const word = index >>> 5;
    let bits = this.#byType[type.index];
    if (bits === undefined || word >= bits.length) {
      if (!isSet) return;
      const grown = new Uint32Array(Math.max(4, (word + 1) * 2));
      if (bits !== undefined) grown.set(bits);
      this.#byType[type.index] = bits = grown;
    }
    if (isSet) bits[word]! |= 1 << (index & 31);
    else bits[word]! &= ~(1 << (index & 31));
  }

  /** Every bit that is set. */
  forEach(visit: (type: number, place: number) => void): void {
    for (const [type, bits] of this.#byType.entries()) {
      for (let word = 0; word < (bits?.length ?? 0); word++) {
        for (let rest = bits![word]!; rest !== 0; rest &= rest - 1) {
          visit(type, word * 32 + 31 - Math.clz32(rest & -rest));
        }
      }
    }
  }

  copy(): GuardBits {
    const copy = new GuardBits();
    for (const [type, bits] of this.#byType.entries()) copy.#byType[type] = bits?.slice();
    return copy;
  }
}
