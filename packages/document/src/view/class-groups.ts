import { ClassPolicies } from "./class-policies.ts";
import type { Cohort } from "./cohort.ts";
import type { DormantState } from "./dormant-viewers.ts";
import { forEachThing } from "./guard-bits.ts";
import type { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** The viewers of one class, by what they hold. */
export abstract class ClassGroups extends ClassPolicies {
  /** Its groups: this one, and those after it by `next`. Mostly there is one. */
  first: ViewerGroup | undefined = undefined;
  /** Members that hold nothing: they wait for their first frame, or for a snapshot. */
  waiting: ViewerGroup | undefined = undefined;

  /** A list of its own. */
  get groups(): readonly ViewerGroup[] {
    const groups: ViewerGroup[] = [];
    for (let group = this.first; group !== undefined; group = group.next) groups.push(group);
    return groups;
  }

  *viewers(): Iterable<ViewerHandle> {
    for (const group of this.groups) yield* group.members;
    if (this.waiting !== undefined) yield* this.waiting.members;
  }

  get hasSeveralGroups(): boolean {
    return this.first?.next !== undefined;
  }

  get isIdle(): boolean {
    return this.waiting === undefined && this.groups.every((group) => group.size === 0);
  }

  /** From its group, or from waiting. */
  takeOut(viewer: ViewerHandle): void {
    viewer.group?.remove(viewer);
    if (this.waiting?.size === 0) this.waiting = undefined;
  }

  /** Nobody can be sent anything by it any more. */
  drop(): void {
    const { holders } = this.document;
    for (const group of this.groups) {
      forEachThing(group.held, (type, place) => holders.remove(type, place, this));
    }
  }

  /** Its groups are not where all others will be: before the cohort moves. */
  leaveCohort(): void {
    for (let group = this.first; group !== undefined; group = group.next) group.leaveCohort();
  }

  /** Its groups go on with all others, those that are where these are. Returns whether that is everybody. */
  joinCohort(cohort: Cohort): boolean {
    let isWhole = this.waiting === undefined;
    for (let group = this.first; group !== undefined; group = group.next) {
      if (group.size === 0) continue;
      if (group.isAt(cohort.seq, cohort.tick)) group.join(cohort);
      else isWhole = false;
    }
    return isWhole;
  }

  /** Before a delivery: whoever holds the same state goes on in one group, and whoever has no credit left rests. */
  settle(): void {
    if (this.hasSeveralGroups) this.mergeGroups();
    for (let group = this.first; group !== undefined; group = group.next) group.restDrained();
    this.waiting?.restDrained();
  }

  /** Its one viewer is dormant from here on, and nobody is its any more. Returns what is to be kept. */
  leave(viewer: ViewerHandle): DormantState {
    const { holders } = this.document;
    const group = this.first!;
    group.release(viewer);
    forEachThing(group.held, (type, place) => holders.forget(type, place, this));
    // Something that it held once may still name it.
    this.first = undefined;
    return group as DormantState;
  }

  protected link(groups: readonly ViewerGroup[]): void {
    this.first = groups[0];
    for (let index = 0; index < groups.length; index++) groups[index]!.next = groups[index + 1];
  }

  protected get newestSeq(): number {
    return this.groups.reduce((newest, { seq }) => Math.max(newest, seq), 0);
  }

  protected groupOfNow(): ViewerGroup | undefined {
    const { state, tick } = this.document;
    let found: ViewerGroup | undefined;
    for (let group = this.first; group !== undefined; group = group.next) {
      // Until the next delivery there may be several. GET tells no less than any stream was told.
      if (group.isAt(state.root.$stamp, tick) && group.viewSeq >= (found?.viewSeq ?? 0)) found = group;
    }
    return found;
  }

  /** The smaller one goes to the larger one: nobody moves often. */
  protected mergeGroups(): void {
    const { newestSeq } = this;
    const bySeq = new Map<number, ViewerGroup>();
    const kept: ViewerGroup[] = [];
    for (const group of this.groups) {
      const other = bySeq.get(group.seq);
      if (other === undefined || !other.isAt(group.seq, group.tick) || group.mustAskAll) {
        if (group.size === 0 && group.seq < newestSeq) continue;
        if (other === undefined) bySeq.set(group.seq, group);
        kept.push(group);
      } else if (other.size >= group.size) other.merge(group);
      else {
        group.merge(other);
        kept[kept.indexOf(other)] = group;
        bySeq.set(group.seq, group);
      }
    }
    this.link(kept);
  }
}
