import type { RecordNode } from "../state/record-node.ts";
import type { Guard, RecordType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { Lens } from "./lens.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** A class looking at the state for one of its groups: policies decide what is visible, the group's bits what is held. */
export class GroupLens implements Lens {
  readonly seesAll = false;
  #policies: ClassPolicies;
  #group: ViewerGroup;
  /** See `ClassPolicies.takeDirtySince`. */
  #dirty: readonly number[] | undefined;
  /** Nothing came or went since: what is held is what is seen. */
  #isSettled = false;

  constructor(policies: ClassPolicies, group: ViewerGroup) {
    this.#policies = policies;
    this.#group = group;
  }

  lookFor(policies: ClassPolicies, group: ViewerGroup, dirty: readonly number[] | undefined): void {
    this.#policies = policies;
    this.#group = group;
    this.#dirty = dirty;
    this.#isSettled = false;
  }

  /** For a group that is known to see exactly what it holds: no policy is asked. */
  lookAtHeld(group: ViewerGroup): void {
    this.#group = group;
    this.#dirty = undefined;
    this.#isSettled = true;
  }

  sees(guard: Guard, record: RecordNode): boolean {
    return this.#isSettled ? this.wasHeld(guard, record) : this.#policies.sees(guard, record);
  }

  /** A slot may have had another record before, so a bit counts only for a record that is old enough. */
  wasHeld(guard: Guard, record: RecordNode): boolean {
    return record.$born <= this.#group.seq && this.#group.holds(guard, record);
  }

  hold(guard: Guard, record: RecordNode, isHeld: boolean): void {
    if (this.#isSettled) return;
    this.#group.hold(guard, record, isHeld);
    if (isHeld) this.#policies.holders.add(guard, record, this.#policies);
  }

  isDirty(guard: Guard): boolean {
    return this.#dirty !== undefined && this.#dirty[guard.index]! >= 0;
  }

  isAnyDirty(type: RecordType): boolean {
    const dirty = this.#dirty;
    return dirty !== undefined && type.guardsWithin.some((guard) => dirty[guard.index]! >= 0);
  }

  answerSeq(guard: Guard, record: RecordNode, than: number): number {
    return this.#policies.answerSeq(guard, record, than);
  }

  holds(guard: Guard, record: RecordNode): boolean {
    return this.#group.holds(guard, record);
  }

  orderSent(table: TableNode): readonly RecordNode[] {
    return this.#group.orders?.get(table) ?? [];
  }

  setOrderSent(table: TableNode, rows: readonly RecordNode[]): void {
    (this.#group.orders ??= new Map()).set(table, rows);
  }
}
