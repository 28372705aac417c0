import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { ViewClass } from "./view-class.ts";

/** Beyond this a change is better looked at for everybody than remembered for each. */
const holdersMax = 32;
const everybody = "everybody";

type Holders = readonly ClassPolicies[] | typeof everybody;

/**
 * Which classes hold a guarded thing, so that a change of it is brought to them without asking all others. It may name
 * classes that hold it no longer: what a group holds is in its bits. It never leaves one out.
 */
export class HolderIndex {
  /** By record type, then by place of the bit. One holder stands for itself: mostly there is one. */
  readonly #byType: (ClassPolicies | Holders | undefined)[][] = [];

  /** Adds the classes of who holds it. Returns whether they are known: `false` where it may be everybody. */
  addTo(classes: Set<ViewClass>, guard: Guard, record: RecordNode): boolean {
    const holders = this.#byType[record.$type.index]?.[placeOf(guard, record)];
    if (holders === undefined) return true;
    if (holders === everybody) return false;
    if (!Array.isArray(holders)) addClassOf(holders as ClassPolicies, classes);
    else for (const holder of holders as readonly ClassPolicies[]) addClassOf(holder, classes);
    return true;
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

function addClassOf({ viewClass }: ClassPolicies, classes: Set<ViewClass>): void {
  if (viewClass !== undefined) classes.add(viewClass);
}

export function placeOf(guard: Guard, record: RecordNode): number {
  return record.$slot * record.$type.guardCount + guard.bit;
}
