import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import { smallSeq } from "../state/small-seq.ts";
import type { TableNode } from "../state/table-node.ts";
import type { Cohort } from "./cohort.ts";
import type { DormantState } from "./dormant-viewers.ts";
import { copyOfThings, type HeldThings, holdsThing, withThing } from "./guard-bits.ts";
import { Roster } from "./roster.ts";
import type { ViewClass } from "./view-class.ts";
import type { ViewResult } from "./view-result.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** Members without credit. */
interface Resting {
  readonly viewers: ViewerHandle[];
  /** The earliest that a hash was due for any of them. */
  hashDueAt: number;
}

/** What is remembered of a group as one number: each of its own would take as much room. */
const groupFlags = { mustAskAll: 1, owesHash: 2, isSeqRepeated: 4 } as const;

/**
 * Viewers of one class that hold the same state. However many they are, bringing them forward is one walk, and sending to
 * them is one number that grows. What is kept for them is what the walk cannot know from the state of today: which guarded
 * things they hold, in which order, and what their views were.
 *
 * Members without credit rest: they stay while nothing is sent, and are left behind in a group of their own when something
 * is. Groups that have come to hold the same state are made one before the next delivery, not during one: until its frames
 * are on their way, whom they are for must not change.
 *
 * Where all viewers differ there is a group for each, so what most groups do not have takes no more than a field here.
 */
export class ViewerGroup extends Roster {
  /** Set when the class takes it in. */
  viewClass!: ViewClass;
  /** Of the same class. */
  next: ViewerGroup | undefined = undefined;
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
  held: HeldThings = undefined;
  /** Of tables whose records have a policy, as sent. */
  orders: Map<TableNode, readonly RecordNode[]> | undefined = undefined;
  /** By slot; `undefined`: not known. */
  results: (ViewResult | undefined)[] | undefined = undefined;
  /** Of the state they hold; `undefined`: nobody was sent one with it. */
  stateHash: string | undefined = undefined;
  /** Frames sent to all who are ready; their credit is counted from it. */
  frames = 0;
  /** The delivery that sent the last one: whom it is for must not change until it is over. */
  sentIn = 0;
  /** Monotonic ms from which on the next frame carries a hash; whole, because V8 keeps any other number in an object. */
  hashDueAt = 0;
  #flags = 0;
  #resting: Resting | undefined;
  /** Members that want a hash with every frame. */
  #everyHash = 0;

  constructor(seq: number, tick: number, viewSeq: number) {
    super();
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

  /** They came from another class: all policies have to be asked again. */
  get mustAskAll(): boolean {
    return (this.#flags & groupFlags.mustAskAll) !== 0;
  }

  set mustAskAll(is: boolean) {
    this.#flags = withFlag(this.#flags, groupFlags.mustAskAll, is);
  }

  /** The last frame went without a hash, or some member has not had it. */
  get owesHash(): boolean {
    return (this.#flags & groupFlags.owesHash) !== 0;
  }

  set owesHash(is: boolean) {
    this.#flags = withFlag(this.#flags, groupFlags.owesHash, is);
  }

  /** The last frame led to the same seq as the one before: presence moved. */
  get isSeqRepeated(): boolean {
    return (this.#flags & groupFlags.isSeqRepeated) !== 0;
  }

  set isSeqRepeated(is: boolean) {
    this.#flags = withFlag(this.#flags, groupFlags.isSeqRepeated, is);
  }

  holds(guard: Guard, record: RecordNode): boolean {
    return holdsThing(this.held, guard, record);
  }

  hold(guard: Guard, record: RecordNode, isHeld: boolean): void {
    this.held = withThing(this.held, guard, record, isHeld);
  }

  get size(): number {
    return this.readyCount + this.restingCount;
  }

  get restingCount(): number {
    return this.#resting?.viewers.length ?? 0;
  }

  get members(): readonly ViewerHandle[] {
    return this.#resting === undefined ? this.viewers : [...this.viewers, ...this.#resting.viewers];
  }

  /** To be filled. It never grows: one that does has room for sixteen more. */
  resultsOf(slots: number): (ViewResult | undefined)[] {
    return (this.results ??= Array.from<undefined>({ length: slots }));
  }

  /** The same state, without members. */
  fork(): ViewerGroup {
    const fork = new ViewerGroup(this.seq, this.tick, this.viewSeq);
    fork.follow(this);
    fork.held = copyOfThings(this.held);
    if (this.orders !== undefined) fork.orders = new Map([...this.orders].filter(([table]) => table.$isLive));
    fork.results = this.results?.slice();
    return fork;
  }

  /** Takes over the state of a fork; the members stay. */
  adopt(fork: ViewerGroup): void {
    this.seq = fork.seq;
    this.tick = fork.tick;
    this.viewSeq = fork.viewSeq;
    this.held = fork.held;
    this.orders = fork.orders;
    this.results = fork.results;
    this.stateHash = fork.stateHash;
    this.mustAskAll = fork.mustAskAll;
    this.viewSeqMax = fork.viewSeqMax;
  }

  /** Those who rest go to a group of their own with the state as it is; this one is about to adopt another. */
  leaveBehind(): ViewerGroup {
    const behind = new ViewerGroup(this.seq, this.tick, this.viewSeq);
    behind.follow(this);
    behind.adopt(this);
    behind.hashDueAt = Math.min(this.hashDueAt, this.#resting?.hashDueAt ?? Infinity);
    for (const viewer of this.#resting?.viewers.slice() ?? []) {
      this.remove(viewer);
      behind.add(viewer);
    }
    return behind;
  }

  private follow(other: ViewerGroup): void {
    this.stateHash = other.stateHash;
    this.mustAskAll = other.mustAskAll;
    this.viewSeqMax = other.viewSeqMax;
    this.owesHash = other.owesHash;
    this.hashDueAt = other.hashDueAt;
    this.isSeqRepeated = other.isSeqRepeated;
  }

  /** A client came back with a newer seq of the same document: its stream must not go back. */
  raiseTo(seq: number): void {
    if (seq > this.viewSeq && seq <= this.viewSeqMax) this.viewSeq = smallSeq(seq);
  }

  isAt(seq: number, tick: number): boolean {
    return this.seq === seq && this.tick === tick && !this.mustAskAll;
  }

  isHashDue(now: number): boolean {
    return this.#everyHash > 0 || this.hashDueAt <= now;
  }

  add(viewer: ViewerHandle): void {
    viewer.place = this;
    if (viewer.wantsEveryHash) this.#everyHash++;
    if (viewer.until <= 0) this.rest(viewer);
    else this.wake(viewer);
  }

  remove(viewer: ViewerHandle): void {
    const isResting = this.isResting(viewer);
    if (isResting) this.leaveRest(viewer);
    else this.removeReady(viewer);
    this.forget(viewer, isResting);
    if (this.size === 0) this.leaveCohort();
  }

  /** It goes elsewhere, and the group is not used any more: its lists stay, for frames that are on their way. */
  release(viewer: ViewerHandle): void {
    this.forget(viewer, this.isResting(viewer));
  }

  /** All of another group that holds the same state; it is not used any more. */
  merge(other: ViewerGroup): void {
    for (const viewer of other.members.slice()) {
      other.remove(viewer);
      this.add(viewer);
    }
    this.viewSeq = Math.max(this.viewSeq, other.viewSeq);
    this.hashDueAt = Math.min(this.hashDueAt, other.hashDueAt);
    if (other.owesHash) this.owesHash = true;
    if (other.isSeqRepeated) this.isSeqRepeated = true;
  }

  groupOf(_viewer: ViewerHandle): ViewerGroup {
    return this;
  }

  /**
   * Its one member, if it goes on with all others and there is no more to remember of it than of a dormant viewer: it is
   * ready, and owed nothing.
   */
  memberToRest(cohort: Cohort): ViewerHandle | undefined {
    const isPlain = this.#flags === 0 && this.#everyHash === 0 && this.#resting === undefined;
    if (!isPlain || this.#cohort !== cohort || this.results !== undefined || this.readyCount !== 1) return undefined;
    return this.viewers[0];
  }

  /** What was kept of a member that was dormant. */
  restore({ viewSeqMax, hashDueAt, stateHash, held, orders }: DormantState): void {
    this.viewSeqMax = viewSeqMax;
    this.hashDueAt = hashDueAt;
    this.stateHash = stateHash;
    this.held = held;
    this.orders = orders;
  }

  creditOf(viewer: ViewerHandle): number {
    return this.isResting(viewer) ? 0 : Math.max(0, viewer.until - this.frames);
  }

  grant(viewer: ViewerHandle, frames: number): void {
    if (!this.isResting(viewer)) {
      viewer.until += frames;
      if (frames < 0) this.lowered(viewer);
      return;
    }
    if (frames <= 0) return;
    this.hashDueAt = Math.min(this.hashDueAt, this.#resting!.hashDueAt);
    this.leaveRest(viewer);
    viewer.until = frames;
    this.wake(viewer);
  }

  /** A frame for this one alone. */
  sentTo(viewer: ViewerHandle): void {
    viewer.until--;
    viewer.checkedAt--;
    this.lowered(viewer);
  }

  /** Whoever's credit is used up rests from here on. Not between a frame for all and its leaving. */
  restDrained(): void {
    for (const viewer of this.drained(this.frames)) {
      this.removeReady(viewer);
      this.uncount(viewer);
      this.rest(viewer);
    }
  }

  framesSinceCheck(viewer: ViewerHandle): number {
    return (this.isResting(viewer) ? 0 : this.frames) - viewer.checkedAt;
  }

  checked(viewer: ViewerHandle): void {
    viewer.checkedAt = this.isResting(viewer) ? 0 : this.frames;
  }

  private isResting(viewer: ViewerHandle): boolean {
    return this.#resting !== undefined && this.#resting.viewers[viewer.position] === viewer;
  }

  private rest(viewer: ViewerHandle): void {
    const resting = (this.#resting ??= { viewers: [], hashDueAt: Infinity });
    viewer.position = resting.viewers.length;
    resting.viewers.push(viewer);
    resting.hashDueAt = Math.min(resting.hashDueAt, this.hashDueAt);
  }

  private leaveRest(viewer: ViewerHandle): void {
    const resting = this.#resting!.viewers;
    const last = resting.pop()!;
    if (last !== viewer) {
      resting[viewer.position] = last;
      last.position = viewer.position;
    }
    if (resting.length === 0) this.#resting = undefined;
  }

  private forget(viewer: ViewerHandle, isResting: boolean): void {
    if (viewer.wantsEveryHash) this.#everyHash--;
    if (!isResting) this.uncount(viewer);
    viewer.place = undefined;
    viewer.position = -1;
  }

  private wake(viewer: ViewerHandle): void {
    viewer.until += this.frames;
    viewer.checkedAt += this.frames;
    this.addReady(viewer);
  }

  private uncount(viewer: ViewerHandle): void {
    viewer.until -= this.frames;
    viewer.checkedAt -= this.frames;
  }
}

/** Those of all groups who are ready, in a list of its own. */
export function readyOf(groups: readonly ViewerGroup[]): readonly ViewerHandle[] {
  if (groups.length === 1) return groups[0]!.viewers.slice();
  const viewers: ViewerHandle[] = [];
  for (const group of groups) group.listReady(viewers);
  return viewers;
}

function withFlag(flags: number, flag: number, is: boolean): number {
  return is ? flags | flag : flags & ~flag;
}
