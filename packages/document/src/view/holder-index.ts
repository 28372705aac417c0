import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ClassPolicies } from "./class-policies.ts";

/** Beyond this a change is better looked at for everybody than remembered for each. */
const holdersMax = 32;
const everybody = "everybody";

type Holders = readonly ClassPolicies[] | typeof everybody;

const nobody: readonly ClassPolicies[] = [];

/**
 * Which classes hold a guarded thing, so that a change of it is brought to them without asking all others. It may name
 * classes that hold it no longer: what a group holds is in its bits. It never leaves one out.
 */
export class HolderIndex {
  /** By record type, then by place of the bit. One holder stands for itself: mostly there is one. */
  readonly #byType: (ClassPolicies | Holders | undefined)[][] = [];

  of(guard: Guard, record: RecordNode): Holders {
    const holders = this.#byType[record.$type.index]?.[placeOf(guard, record)];
    if (holders === undefined) return nobody;
    return holders === everybody || Array.isArray(holders) ? (holders as Holders) : [holders as ClassPolicies];
  }

  add(guard: Guard, record: RecordNode, holder: ClassPolicies): void {
    const places = (this.#byType[record.$type.index] ??= []);
    const place = placeOf(guard, record);
    const holders = places[place];
    if (holders === holder || holders === everybody) return;
    if (holders === undefined) places[place] = holder;
    else if (!Array.isArray(holders)) places[place] = [holders as ClassPolicies, holder];
    else if (holders.length >= holdersMax) places[place] = everybody;
    else if (!holders.includes(holder)) (holders as ClassPolicies[]).push(holder);
  }

  /** It holds it no longer, or is gone. */
  remove(type: number, place: number, holder: ClassPolicies): void {
    const places = this.#byType[type];
    const holders = places?.[place];
    if (holders === holder) places![place] = undefined;
    else if (Array.isArray(holders)) places![place] = holders.filter((each) => each !== holder);
  }

  clear(): void {
    this.#byType.length = 0;
  }
}

export function placeOf(guard: Guard, record: RecordNode): number {
  return record.$slot * record.$type.guardCount + guard.bit;
}
