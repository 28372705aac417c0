import { isContainer } from "../author/schema-node.ts";
import { ListNode } from "../state/list-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import { fieldBit } from "../state/read-tracker.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType, Guard } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { HolderIndex } from "./holder-index.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** Above this, asking for everything is not quicker than walking. */
const candidatesMax = 64;

interface Candidate {
  readonly guard: Guard;
  readonly record: RecordNode;
  /** Somebody may see it who does not hold it: it is new, or what changed is what its policy reads. */
  readonly mayBeSeen: boolean;
}

/**
 * What has changed since some seq in a part of the state in which viewers may differ, found once for all viewers of that
 * seq: if it is nothing but guarded things, a viewer that neither holds nor sees any of them has nothing to be told of it,
 * and need not be walked for.
 */
export class QuietScan {
  readonly #from: number;
  readonly #guardReads: Int32Array;
  readonly #candidates: Candidate[] = [];
  #hasPublicChange = false;

  /** Looks at some fields of the root. */
  constructor(root: RecordNode, fields: readonly FieldType[], from: number, guardReads: Int32Array) {
    this.#from = from;
    this.#guardReads = guardReads;
    for (const field of fields) this.#field(root, field);
  }

  get canBeQuiet(): boolean {
    return !this.#hasPublicChange && this.#candidates.length <= candidatesMax;
  }

  /** Only if `canBeQuiet`, and for policies whose surroundings have not changed. */
  isQuietFor(group: ViewerGroup, policies: ClassPolicies): boolean {
    for (const { guard, record, mayBeSeen } of this.#candidates) {
      if (record.$born <= this.#from && group.bits.has(guard, record)) return false;
      if (!mayBeSeen) continue;
      if (policies.sees(guard, record)) return false;
      // Its slot may have been another record's, which was held.
      if (record.$born > this.#from) group.bits.set(guard, record, false);
    }
    return true;
  }

  /** The classes that have something to be told, if that can be said without asking all of them. */
  holders(index: HolderIndex): Set<ClassPolicies> | undefined {
    const all = new Set<ClassPolicies>();
    for (const { guard, record, mayBeSeen } of this.#candidates) {
      const holders = index.of(guard, record);
      if (mayBeSeen || holders === "everybody") return undefined;
      for (const holder of holders) all.add(holder);
    }
    return all;
  }

  #candidate(guard: Guard, record: RecordNode, isGone: boolean, ownField = 0): void {
    const from = this.#from;
    const mayBeSeen =
      !isGone &&
      (record.$born > from || ((this.#guardReads[guard.index]! | ownField) & record.$fieldsChangedSince(from)) !== 0);
    this.#candidates.push({ guard, record, mayBeSeen });
  }

  /** A record that everybody holds who could hold anything beneath it. */
  #record(record: RecordNode): void {
    const from = this.#from;
    if (record.$stamp <= from || !this.canBeQuiet) return;
    const { plainFields, otherFields } = record.$type;
    if (plainFields.some(({ index }) => record.$fieldStamp(index) > from)) this.#hasPublicChange = true;
    for (const field of otherFields) this.#field(record, field);
  }

  #field(record: RecordNode, field: FieldType): void {
    if (field.isPrivate) return;
    const value = record.$get(field.index);
    if (field.guard !== undefined) {
      // That there is a value at all is a part of the answer.
      const ownField = field.node.isOptional ? fieldBit(field.index) : 0;
      this.#candidate(field.guard, record, value === undefined, ownField);
    } else if (isContainer(field.node)) this.#container(value as AnyContainer);
    else this.#nested(record, field);
  }

  #nested(record: RecordNode, field: FieldType): void {
    const nested = record.$get(field.index) as RecordNode | undefined;
    if (nested === undefined || nested.$born > this.#from) {
      if (record.$fieldStamp(field.index) > this.#from) this.#hasPublicChange = true;
    } else this.#record(nested);
  }

  #container(node: AnyContainer): void {
    const from = this.#from;
    if (node.$stamp <= from) return;
    if (node instanceof ListNode || node.$field.recordType === undefined || from < node.$horizon) {
      this.#hasPublicChange = true;
      return;
    }
    const { guard } = node.$field.recordType;
    if (guard === undefined) this.#openElements(node);
    else this.#guardedElements(node, guard);
  }

  #openElements(node: Exclude<AnyContainer, ListNode>): void {
    const from = this.#from;
    if (node.$removedSeq > from || (node instanceof TableNode && node.$orderLog.lastSeq > from)) {
      this.#hasPublicChange = true;
    }
    for (
      let element = node.$newest;
      element !== null && element.$stamp > from;
      element = element.$older as RecordNode
    ) {
      if (element.$born > from) this.#hasPublicChange = true;
      if (!this.canBeQuiet) return;
      this.#record(element as RecordNode);
    }
  }

  #guardedElements(node: Exclude<AnyContainer, ListNode>, guard: Guard): void {
    const from = this.#from;
    // Who sees a moved record cannot be told from here.
    if (node instanceof TableNode && node.$movedSeq > from) this.#hasPublicChange = true;
    for (let index = node.$tombstonesAfter(from); index < node.$tombstones.length && this.canBeQuiet; index++) {
      this.#candidate(guard, node.$tombstones[index]!.element as RecordNode, true);
    }
    for (
      let element = node.$newest;
      element !== null && element.$stamp > from;
      element = element.$older as RecordNode
    ) {
      if (!this.canBeQuiet) return;
      this.#candidate(guard, element as RecordNode, false);
    }
  }
}
