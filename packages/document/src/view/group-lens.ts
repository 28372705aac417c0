import type { RecordNode } from "../state/record-node.ts";
import type { Guard, RecordType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { Lens } from "./lens.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** One step of one group: its class decides what is visible, its own bits tell what it holds. */
export class GroupLens implements Lens {
  readonly seesAll = false;
  readonly #policies: ClassPolicies;
  readonly #group: ViewerGroup;
  readonly #dirty: readonly boolean[];
  readonly #hasDirty: boolean;
  /** The newest change of what each dirty guard looked at, as it was when the step began. */
  readonly #dirtySeqs: readonly number[];

  constructor(
    policies: ClassPolicies,
    group: ViewerGroup,
    dirty: readonly boolean[] = [],
    dirtySeqs: readonly number[] = [],
  ) {
    this.#policies = policies;
    this.#group = group;
    this.#dirty = dirty;
    this.#hasDirty = dirty.includes(true);
    this.#dirtySeqs = dirtySeqs;
  }

  sees(guard: Guard, record: RecordNode): boolean {
    return this.#policies.sees(guard, record);
  }

  /** A slot may have had another record before, so a bit counts only for a record that is old enough. */
  wasHeld(guard: Guard, record: RecordNode): boolean {
    return record.$born <= this.#group.seq && this.#group.bits.has(guard, record);
  }

  hold(guard: Guard, record: RecordNode, isHeld: boolean): void {
    this.#group.bits.set(guard, record, isHeld);
  }

  isDirty(guard: Guard): boolean {
    return this.#hasDirty && this.#dirty[guard.index] === true;
  }

  isAnyDirty(type: RecordType): boolean {
    return this.#hasDirty && type.guardsWithin.some((guard) => this.#dirty[guard.index]);
  }

  flipSeq(guard: Guard, record: RecordNode): number {
    return this.isDirty(guard) ? Math.max(record.$stamp, this.#dirtySeqs[guard.index] ?? 0) : record.$stamp;
  }

  holds(guard: Guard, record: RecordNode): boolean {
    return this.#group.bits.has(guard, record);
  }

  orderSent(table: TableNode): readonly RecordNode[] {
    return this.#group.orders.get(table) ?? [];
  }

  setOrderSent(table: TableNode, rows: readonly RecordNode[]): void {
    this.#group.orders.set(table, rows);
  }
}
