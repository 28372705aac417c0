import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import { placeOf } from "./holder-index.ts";

/** So many things are named one by one. Then come bits: an array of them takes 220 bytes before its first bit. */
const namedMax = 8;
/** Above any number of record types; the name of a thing is a small integer of V8 up to place 32,767. */
const typeRange = 2 ** 16;

/** A bit for each thing there is, by record type, grown as records come. */
export class HeldBits {
  readonly byType: (Uint32Array | undefined)[] = [];

  has(type: number, place: number): boolean {
    const bits = this.byType[type];
    const word = place >>> 5;
    return bits !== undefined && word < bits.length && (bits[word]! & (1 << (place & 31))) !== 0;
  }

  set(type: number, place: number, isSet: boolean): void {
    const word = place >>> 5;
    let bits = this.byType[type];
    if (bits === undefined || word >= bits.length) {
      if (!isSet) return;
      const grown = new Uint32Array(Math.max(4, (word + 1) * 2));
      if (bits !== undefined) grown.set(bits);
      this.byType[type] = bits = grown;
    }
    if (isSet) bits[word]! |= 1 << (place & 31);
    else bits[word]! &= ~(1 << (place & 31));
  }

  copy(): HeldBits {
    const copy = new HeldBits();
    for (const [type, bits] of this.byType.entries()) copy.byType[type] = bits?.slice();
    return copy;
  }
}

/**
 * Which guarded things of which records a viewer holds: nothing, one thing by name, a few by name, or many by bits. Most of
 * many viewers hold little each, and one name takes no room but that of the field it is in.
 */
export type HeldThings = undefined | number | readonly number[] | HeldBits;

export function holdsThing(held: HeldThings, guard: Guard, record: RecordNode): boolean {
  if (held === undefined || record.$slot < 0) return false;
  const place = placeOf(guard, record);
  if (held instanceof HeldBits) return held.has(record.$type.index, place);
  const name = nameOf(record.$type.index, place);
  return typeof held === "number" ? held === name : held.includes(name);
}

/** Returns what is held then. `held` is not to be used any more: it may have been changed. */
export function withThing(held: HeldThings, guard: Guard, record: RecordNode, isSet: boolean): HeldThings {
  const { index } = record.$type;
  const place = placeOf(guard, record);
  if (held instanceof HeldBits) {
    held.set(index, place, isSet);
    return held;
  }
  const name = nameOf(index, place);
  if (held === undefined) return isSet ? name : undefined;
  if (typeof held === "number") {
    if (held === name) return isSet ? held : undefined;
    return isSet ? [held, name] : held;
  }
  if (held.includes(name) === isSet) return held;
  if (!isSet) return held.filter((each) => each !== name);
  if (held.length < namedMax) return [...held, name];
  const bits = new HeldBits();
  forEachThing(held, (type, at) => bits.set(type, at, true));
  bits.set(index, place, true);
  return bits;
}

/** Every thing that is held. */
export function forEachThing(held: HeldThings, visit: (type: number, place: number) => void): void {
  if (held === undefined) return;
  if (typeof held === "number") visit(held % typeRange, Math.floor(held / typeRange));
  else if (held instanceof HeldBits) {
    for (const [type, bits] of held.byType.entries()) {
      for (let word = 0; word < (bits?.length ?? 0); word++) {
        for (let rest = bits![word]!; rest !== 0; rest &= rest - 1) {
          visit(type, word * 32 + 31 - Math.clz32(rest & -rest));
        }
      }
    }
  } else for (const name of held) forEachThing(name, visit);
}

/** The same, to be changed by itself. */
export function copyOfThings(held: HeldThings): HeldThings {
  return held instanceof HeldBits ? held.copy() : held;
}

function nameOf(type: number, place: number): number {
  return place * typeRange + type;
}
