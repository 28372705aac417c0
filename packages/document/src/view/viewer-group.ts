import type { RecordNode } from "../state/record-node.ts";
import type { TableNode } from "../state/table-node.ts";
import { GuardBits } from "./guard-bits.ts";
import type { ViewResult } from "./view-result.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/**
 * The groups that hold the state of the last delivery, which is nearly all of them. Where nothing has changed for most,
 * they are brought forward together, by one number.
 */
export class Cohort {
  seq: number;
  readonly tick: number;

  constructor(seq: number, tick: number) {
    this.seq = seq;
    this.tick = tick;
  }
}

/**
 * Viewers of one class that hold the same state. However many they are, bringing them forward is one walk. What is kept
 * for them is what the walk cannot know from the state of today: which guarded things they hold, in which order, and what
 * their views were.
 */
export class ViewerGroup {
  /** The state they hold is the one at `seq` and this tick of presence. */
  tick: number;
  #seq: number;
  #cohort: Cohort | undefined;
  /** `@s` of their last frame. */
  viewSeq: number;
  /**
   * A state that was not followed from change to change does not tell which of them was the last one to be visible: its
   * `viewSeq` is the least it can be, this the most.
   */
  viewSeqMax = 0;
  bits = new GuardBits();
  /** Of tables whose records have a policy, as sent. */
  orders: Map<TableNode, readonly RecordNode[]> | undefined = undefined;
  /** By slot; `undefined`: not known. */
  results: (ViewResult | undefined)[] = [];
  /** They came from another class: all policies have to be asked again. */
  mustAskAll = false;
  readonly members: ViewerHandle[] = [];
  /** No member's hash is due before. */
  hashDueAt = Infinity;
  /** The last frame went without one. */
  owesHash = false;

  constructor(seq: number, tick: number, viewSeq: number) {
    this.#seq = seq;
    this.tick = tick;
    this.viewSeq = viewSeq;
  }

  get seq(): number {
    return this.#cohort === undefined ? this.#seq : this.#cohort.seq;
  }

  set seq(seq: number) {
    this.#seq = seq;
    this.#cohort = undefined;
  }

  /** Goes on with the others from here; only from the same state. */
  join(cohort: Cohort): void {
    this.#cohort = cohort;
  }

  /** Stays where it is. */
  leaveCohort(): void {
    if (this.#cohort !== undefined) this.seq = this.#cohort.seq;
  }

  /** The same state, without members. */
  fork(): ViewerGroup {
    const fork = new ViewerGroup(this.seq, this.tick, this.viewSeq);
    fork.bits = this.bits.copy();
    if (this.orders !== undefined) fork.orders = new Map([...this.orders].filter(([table]) => table.$isLive));
    fork.results = this.results.slice();
    fork.mustAskAll = this.mustAskAll;
    fork.viewSeqMax = this.viewSeqMax;
    fork.owesHash = this.owesHash;
    return fork;
  }

  /** Takes over the state of a fork; the members stay. */
  adopt(fork: ViewerGroup): void {
    this.seq = fork.seq;
    this.tick = fork.tick;
    this.viewSeq = fork.viewSeq;
    this.bits = fork.bits;
    this.orders = fork.orders;
    this.results = fork.results;
    this.mustAskAll = fork.mustAskAll;
    this.viewSeqMax = fork.viewSeqMax;
  }

  /** A client came back with a newer seq of the same document: its stream must not go back. */
  raiseTo(seq: number): void {
    if (seq > this.viewSeq && seq <= this.viewSeqMax) this.viewSeq = seq;
  }

  isAt(seq: number, tick: number): boolean {
    return this.seq === seq && this.tick === tick && !this.mustAskAll;
  }

  add(viewer: ViewerHandle): void {
    viewer.group = this;
    viewer.position = this.members.length;
    if (viewer.hashDueAt < this.hashDueAt) this.hashDueAt = viewer.hashDueAt;
    this.members.push(viewer);
  }

  remove(viewer: ViewerHandle): void {
    const last = this.members.pop()!;
    if (last !== viewer) {
      this.members[viewer.position] = last;
      last.position = viewer.position;
    }
    viewer.group = undefined;
    if (this.members.length === 0) this.leaveCohort();
  }
}

/** A new list, in one copy where everybody has credit. */
export function withCredit(viewers: readonly ViewerHandle[]): ViewerHandle[] {
  return haveCredit(viewers) ? viewers.slice() : viewers.filter(({ credit }) => credit > 0);
}

export function haveCredit(viewers: readonly ViewerHandle[]): boolean {
  for (let index = 0; index < viewers.length; index++) if (viewers[index]!.credit <= 0) return false;
  return true;
}
