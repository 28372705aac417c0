import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import { placeOf } from "./holder-index.ts";

/** So many things are named one by one. Then come bits: an array of them takes 220 bytes before its first bit. */
const namedMax = 8;

/** Which guarded things of which records a viewer holds: a few by name, many by a bit for each thing there is. */
export class GuardBits {
  /** Type and place of each, one after the other; `undefined`: none, or bits. */
  #named: number[] | undefined = undefined;
  /** By record type, grown as records come. */
  #byType: (Uint32Array | undefined)[] | undefined = undefined;

  has(guard: Guard, record: RecordNode): boolean {
    if (record.$slot < 0) return false;
    const { index } = record.$type;
    const place = placeOf(guard, record);
    if (this.#byType === undefined) return this.#find(index, place) >= 0;
    const bits = this.#byType[index];
    const word = place >>> 5;
    return bits !== undefined && word < bits.length && (bits[word]! & (1 << (place & 31))) !== 0;
  }

  set(guard: Guard, record: RecordNode, isSet: boolean): void {
    const { index } = record.$type;
    const place = placeOf(guard, record);
    if (this.#byType === undefined && this.#setNamed(index, place, isSet)) return;
    this.#byType ??= this.#takeNamed();
    setBit(this.#byType, index, place, isSet);
  }

  /** Every bit that is set. */
  forEach(visit: (type: number, place: number) => void): void {
    const named = this.#named ?? [];
    for (let at = 0; at < named.length; at += 2) visit(named[at]!, named[at + 1]!);
    for (const [type, bits] of (this.#byType ?? []).entries()) {
      for (let word = 0; word < (bits?.length ?? 0); word++) {
        for (let rest = bits![word]!; rest !== 0; rest &= rest - 1) {
          visit(type, word * 32 + 31 - Math.clz32(rest & -rest));
        }
      }
    }
  }

  copy(): GuardBits {
    const copy = new GuardBits();
    copy.#named = this.#named?.slice();
    copy.#byType = this.#byType?.map((bits) => bits?.slice());
    return copy;
  }

  #find(type: number, place: number): number {
    const named = this.#named;
    if (named === undefined) return -1;
    for (let at = 0; at < named.length; at += 2) if (named[at] === type && named[at + 1] === place) return at;
    return -1;
  }

  /** Whether there is room for it. */
  #setNamed(type: number, place: number, isSet: boolean): boolean {
    const at = this.#find(type, place);
    if (isSet === at >= 0) return true;
    if (!isSet) {
      const [lastType, lastPlace] = this.#named!.splice(-2);
      if (at < this.#named!.length) {
        this.#named![at] = lastType!;
        this.#named![at + 1] = lastPlace!;
      }
      return true;
    }
    if (this.#named === undefined) this.#named = [type, place];
    else if (this.#named.length < 2 * namedMax) this.#named.push(type, place);
    else return false;
    return true;
  }

  #takeNamed(): (Uint32Array | undefined)[] {
    const byType: (Uint32Array | undefined)[] = [];
    this.forEach((type, place) => setBit(byType, type, place, true));
    this.#named = undefined;
    return byType;
  }
}

function setBit(byType: (Uint32Array | undefined)[], type: number, place: number, isSet: boolean): void {
  const word = place >>> 5;
  let bits = byType[type];
  if (bits === undefined || word >= bits.length) {
    if (!isSet) return;
    const grown = new Uint32Array(Math.max(4, (word + 1) * 2));
    if (bits !== undefined) grown.set(bits);
    byType[type] = bits = grown;
  }
  if (isSet) bits[word]! |= 1 << (place & 31);
  else bits[word]! &= ~(1 << (place & 31));
}
