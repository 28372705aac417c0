import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ClassKey } from "./class-keys.ts";
import type { ClassPolicies } from "./class-policies.ts";

/** Beyond this a change is better looked at for everybody than remembered for each. */
const holdersMax = 32;
const everybody = Symbol("everybody");

/** A class goes by its key while its viewer is dormant, and until it is asked for. */
type Holder = ClassPolicies | ClassKey;
type Holders = Holder[] | typeof everybody;

/** Where they are to go. */
export interface FoundHolders {
  /** Returns its class; `undefined`: it is gone. */
  add(holder: Holder): ClassPolicies | undefined;
}

/**
 * Which classes hold a guarded thing, so that a change of it is brought to them without asking all others. It may name
 * classes that hold it no longer: what a group holds is in its bits. It never leaves one out.
 */
export class HolderIndex {
  /** By record type, then by place of the bit. One holder stands for itself: mostly there is one. */
  readonly #byType: (Holder | Holders | undefined)[][] = [];

  /** Adds the classes of who holds it. Returns whether they are known: `false` where it may be everybody. */
  addTo(found: FoundHolders, guard: Guard, record: RecordNode): boolean {
    const places = this.#byType[record.$type.index];
    const place = placeOf(guard, record);
    const holders = places?.[place];
    if (holders === undefined) return true;
    if (holders === everybody) return false;
    if (Array.isArray(holders)) {
      for (const [index, holder] of holders.entries()) holders[index] = found.add(holder) ?? holder;
    } else {
      const holder = found.add(holders);
      if (holder !== holders) places![place] = holder;
    }
    return true;
  }

  add(guard: Guard, record: RecordNode, holder: ClassPolicies): void {
    const places = (this.#byType[record.$type.index] ??= []);
    const place = placeOf(guard, record);
    const holders = places[place];
    if (holders === holder || holders === everybody) return;
    if (holders === undefined || holders === holder.key) places[place] = holder;
    else if (!Array.isArray(holders)) places[place] = [holders, holder];
    else if (holders.length >= holdersMax) places[place] = everybody;
    else if (!holders.includes(holder)) addTo(holders, holder);
  }

  /** It holds it no longer, or is gone. */
  remove(type: number, place: number, holder: ClassPolicies): void {
    const places = this.#byType[type];
    const holders = places?.[place];
    if (holders === holder || holders === holder.key) places![place] = undefined;
    else if (Array.isArray(holders)) places![place] = holders.filter((each) => each !== holder && each !== holder.key);
  }

  /** Its viewer is dormant from here on: only the key is kept. */
  forget(type: number, place: number, holder: ClassPolicies): void {
    const places = this.#byType[type];
    const holders = places?.[place];
    if (holders === holder) places![place] = holder.key;
    else if (Array.isArray(holders) && holders.includes(holder)) holders[holders.indexOf(holder)] = holder.key;
  }

  clear(): void {
    this.#byType.length = 0;
  }
}

function addTo(holders: Holder[], holder: ClassPolicies): void {
  const index = holders.indexOf(holder.key);
  if (index < 0) holders.push(holder);
  else holders[index] = holder;
}

export function placeOf(guard: Guard, record: RecordNode): number {
  return record.$slot * record.$type.guardCount + guard.bit;
}
