import { isContainer } from "../author/schema-node.ts";
import { ListNode } from "../state/list-node.ts";
import type { AnyContainer } from "../state/new-container.ts";
import { fieldBit } from "../state/read-tracker.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { FieldType, Guard, RecordType } from "../state/record-type.ts";
import { TableNode } from "../state/table-node.ts";
import type { ClassPolicies } from "./class-policies.ts";
import type { FoundHolders, HolderIndex } from "./holder-index.ts";
import type { StateWalk } from "./state-walk.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** Above this, asking for everything is not quicker than walking. */
const candidatesMax = 64;
/** Which of them a viewer holds is one whole number. */
const heldMax = 31;

interface Candidate {
  readonly guard: Guard;
  readonly record: RecordNode;
  readonly isGone: boolean;
  /** Somebody may see it who does not hold it: it is new, or what changed is what its policy reads. */
  readonly mayBeSeen: boolean;
  /** All who hold it see the same in it. */
  readonly isAlikeWithin: boolean;
  /** The field of the root whose element it is; `undefined` for whatever is elsewhere. */
  readonly field: FieldType | undefined;
}

interface Found extends Pick<Candidate, "guard" | "record" | "isGone" | "field"> {
  /** What is seen by whom the guard lets through; it may have guards of its own. */
  readonly within: RecordType | undefined;
}

/**
 * What has changed since some seq in a part of the state in which viewers may differ, found once for all viewers of that
 * seq. What a viewer is told of it follows from which of the changed guarded things it holds: who holds the same ones is
 * told the same, and if nothing else has changed, who holds none has nothing to be told.
 */
export class QuietScan {
  readonly #root: RecordNode;
  readonly #from: number;
  readonly #guardReads: Int32Array;
  readonly #candidates: Candidate[] = [];
  #hasPublicChange = false;
  /** Every candidate is an element of a container of the root. */
  #isFlat = true;
  /** Something has changed in a way in which what a viewer is told does not follow from the candidates. */
  #isBeyondCandidates = false;

  /** Looks at some fields of the root. */
  constructor(root: RecordNode, fields: readonly FieldType[], from: number, guardReads: Int32Array) {
    this.#root = root;
    this.#from = from;
    this.#guardReads = guardReads;
    for (const field of fields) this.#field(root, field);
  }

  /** Whether `heldBy` says all there is to know of a viewer. */
  get tellsViewersApart(): boolean {
    return !this.#isBeyondCandidates && this.#candidates.length <= candidatesMax;
  }

  /** And who holds nothing of it has nothing to be told. */
  get canBeQuiet(): boolean {
    return !this.#hasPublicChange && this.tellsViewersApart;
  }

  /**
   * The candidates that a viewer held and still sees, by bit; -1 if it got or lost any, or if that is not all there is to
   * tell. Only if `tellsViewersApart`, and for policies whose surroundings have not changed.
   */
  heldBy(group: ViewerGroup, policies: ClassPolicies): number {
    const candidates = this.#candidates;
    let held = 0;
    for (let index = 0; index < candidates.length; index++) {
      const { guard, record, isGone, mayBeSeen, isAlikeWithin } = candidates[index]!;
      const isNew = record.$born > this.#from;
      const wasHeld = !isNew && group.holds(guard, record);
      if (mayBeSeen) {
        if (policies.sees(guard, record) !== wasHeld) return -1;
        // Its slot may have been another record's, which was held.
        if (isNew) group.hold(guard, record, false);
      }
      if (!wasHeld) continue;
      if (isGone || !isAlikeWithin || index >= heldMax) return -1;
      held |= 1 << index;
    }
    return held;
  }

  /**
   * Writes what those are told who hold just these candidates, without a look at anything else. Returns whether that is
   * possible here; if not, it has to be walked for.
   */
  writeHeld(held: number, walk: StateWalk): boolean {
    if (!this.#isFlat || !this.canBeQuiet) return false;
    const { out } = walk;
    let open: FieldType | undefined;
    let start = 0;
    let inside = 0;
    for (let rest = held; rest !== 0; rest &= rest - 1) {
      const { field, record } = this.#candidates[31 - Math.clz32(rest & -rest)]!;
      if (field !== open) {
        if (open !== undefined) out.closeUnlessEmpty(start, inside);
        start = out.position;
        out.label(field!.label);
        out.openObject();
        inside = out.position;
        open = field;
      }
      this.#writeElement(record, walk);
    }
    if (open !== undefined) out.closeUnlessEmpty(start, inside);
    return true;
  }

  #writeElement(record: RecordNode, walk: StateWalk): void {
    const { out } = walk;
    const start = out.position;
    out.key(record.$key);
    out.openObject();
    const inside = out.position;
    walk.deltaRecord(record, this.#from);
    out.closeUnlessEmpty(start, inside);
  }

  /** Adds the classes that have something to be told. Returns whether that can be said without asking all of them. */
  addHolders(index: HolderIndex, found: FoundHolders): boolean {
    for (const { guard, record, mayBeSeen } of this.#candidates) {
      if (mayBeSeen || !index.addTo(found, guard, record)) return false;
    }
    return true;
  }

  /** `read`: the fields of the record that the answer can come from, by bit. */
  #candidate({ guard, record, isGone, within, field }: Found, read = this.#guardReads[guard.index]!): void {
    const from = this.#from;
    const mayBeSeen = !isGone && (record.$born > from || (read & record.$fieldsChangedSince(from)) !== 0);
    const isAlikeWithin = within === undefined || within.guardsWithin.every((each) => each === guard);
    if (field === undefined) this.#isFlat = false;
    this.#candidates.push({ guard, record, isGone, mayBeSeen, isAlikeWithin, field });
  }

  /** A record that everybody holds who could hold anything beneath it. */
  #record(record: RecordNode): void {
    const from = this.#from;
    if (record.$stamp <= from || !this.tellsViewersApart) return;
    const { plainFields, otherFields } = record.$type;
    if (plainFields.some(({ index }) => record.$fieldStamp(index) > from)) this.#hasPublicChange = true;
    for (const field of otherFields) this.#field(record, field);
  }

  #field(record: RecordNode, field: FieldType): void {
    if (field.isPrivate) return;
    const value = record.$get(field.index);
    if (field.guard !== undefined) {
      this.#guardedField(record, field, field.guard, value === undefined);
    } else if (isContainer(field.node)) this.#container(value as AnyContainer);
    else this.#nested(record, field);
  }

  #guardedField(record: RecordNode, { index, node, recordType }: FieldType, guard: Guard, isGone: boolean): void {
    const own = fieldBit(index);
    const changed = record.$fieldsChangedSince(this.#from);
    // That there is a value at all is a part of the answer.
    const read = this.#guardReads[guard.index]! | (node.isOptional ? own : 0);
    const isAsBefore = (changed & (own | read)) === 0 && record.$born <= this.#from;
    if (!isAsBefore) this.#candidate({ guard, record, isGone, within: recordType, field: undefined }, read);
  }

  #nested(record: RecordNode, field: FieldType): void {
    const nested = record.$get(field.index) as RecordNode | undefined;
    if (nested === undefined || nested.$born > this.#from) {
      if (record.$fieldStamp(field.index) <= this.#from) return;
      this.#hasPublicChange = true;
      if (nested !== undefined) this.#newRecord(nested.$type);
    } else this.#record(nested);
  }

  #container(node: AnyContainer): void {
    const from = this.#from;
    if (node.$stamp <= from) return;
    if (node instanceof ListNode || node.$field.recordType === undefined) {
      this.#hasPublicChange = true;
      return;
    }
    if (from < node.$horizon) {
      this.#isBeyondCandidates = true;
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
      if (!this.tellsViewersApart) return;
      if (element.$born > from) {
        this.#hasPublicChange = true;
        this.#newRecord(node.$field.recordType!);
      } else this.#record(element as RecordNode);
    }
  }

  #guardedElements(node: Exclude<AnyContainer, ListNode>, guard: Guard): void {
    const from = this.#from;
    // Who sees a moved record cannot be told from here.
    if (node instanceof TableNode && node.$movedSeq > from) this.#isBeyondCandidates = true;
    const within = node.$field.recordType;
    const field = node.$parent === this.#root ? node.$field : undefined;
    for (let index = node.$tombstonesAfter(from); index < node.$tombstones.length && this.tellsViewersApart; index++) {
      const record = node.$tombstones[index]!.element as RecordNode;
      this.#candidate({ guard, record, isGone: true, within, field });
    }
    for (
      let element = node.$newest;
      element !== null && element.$stamp > from;
      element = element.$older as RecordNode
    ) {
      if (!this.tellsViewersApart) return;
      this.#candidate({ guard, record: element as RecordNode, isGone: false, within, field });
    }
  }

  /** A record that is written in full: what is hidden in it is asked for then. */
  #newRecord({ guardsWithin }: RecordType): void {
    if (guardsWithin.length > 0) this.#isBeyondCandidates = true;
  }
}
