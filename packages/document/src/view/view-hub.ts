import type { Principal } from "@tidewire/foundation";
import { LimitError } from "../state/limit-error.ts";
import type { ViewStateValue } from "./class-keys.ts";
import { ClassTable } from "./class-table.ts";
import { Cohort } from "./cohort.ts";
import type { ViewedDocument } from "./document-views.ts";
import { emptyDelta } from "./frame.ts";
import { FrameSender } from "./frame-sender.ts";
import type { Outbox } from "./outbox.ts";
import type { SharedStep } from "./shared-step.ts";
import { SharedSteps } from "./shared-steps.ts";
import { StraightStep } from "./straight-step.ts";
import { touchedClasses } from "./touched-classes.ts";
import type { PlainView, ViewClass } from "./view-class.ts";
import { type CheckResult, checkOf } from "./viewer-check.ts";
import { readyOf, type ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** All viewers of a document, by class. */
export class ViewHub {
  readonly #document: ViewedDocument;
  readonly #classes: ClassTable;
  readonly #shared: SharedSteps;
  readonly #straight: StraightStep;
  readonly #sender: FrameSender;
  #viewerCount = 0;
  /** Detached by the delivery under way. */
  #failed: ViewerHandle[] = [];

  constructor(document: ViewedDocument) {
    this.#document = document;
    this.#classes = new ClassTable(document);
    this.#shared = new SharedSteps(document, this.#classes);
    this.#straight = new StraightStep(document);
    this.#sender = new FrameSender(document, this.#classes);
  }

  get mustSplit(): boolean {
    return this.#classes.mustSplit;
  }

  get viewerCount(): number {
    return this.#viewerCount;
  }

  /** Everybody, with those of whom nobody was told yet that they are gone. */
  *viewers(): Iterable<ViewerHandle> {
    yield* this.#classes.viewers();
    yield* this.#failed;
  }

  has(viewer: ViewerHandle): boolean {
    return viewer.place !== undefined;
  }

  /** Adds a viewer, which gets as little as its resume allows. */
  attach(viewer: ViewerHandle, resume: { readonly seq: number; readonly hash: string } | undefined): void {
    this.#viewerCount++;
    this.#await(viewer, 0);
    if (resume === undefined) return;
    const { viewClass, plain, group } = this.#classes.viewOf(viewer.principal, viewer.viewState);
    group.raiseTo(resume.seq);
    const isSame = plain.hash === resume.hash && resume.seq <= group.viewSeq;
    const base = isSame ? group : viewClass.baseFor(group, resume.seq, resume.hash);
    if (base === undefined) return;
    this.#leave(viewer);
    base.add(viewer);
    // Whatever it is sent first, if it changes anything, is checked.
    base.hashDueAt = 0;
    this.#sender.owed.set(viewer, isSame ? "confirmation" : "forward");
  }

  detach(viewer: ViewerHandle): boolean {
    if (!this.has(viewer)) return false;
    this.#viewerCount--;
    this.#leave(viewer);
    this.#sender.owed.delete(viewer);
    this.#classes.dropIdle(this.#viewerCount);
    return true;
  }

  detachAll(): void {
    this.#viewerCount = 0;
    this.#sender.owed.clear();
    this.#classes.clear();
  }

  /** Those whose view was too large: their leaving is known everywhere. */
  forgetFailed(): void {
    if (this.#failed.length > 0) this.#failed = [];
  }

  /** The viewer said something new about itself. */
  moveTo(viewer: ViewerHandle, viewState: ViewStateValue): void {
    const group = viewer.group!;
    viewer.viewState = viewState;
    const { viewClass } = group;
    const next = this.#classes.of(viewer.principal, viewState);
    if (next === viewClass) return;
    const isWaiting = viewClass.waiting === group;
    this.#leave(viewer);
    if (isWaiting) {
      next.startWaiting(viewer, group.viewSeq);
      return;
    }
    const fork = group.fork();
    fork.mustAskAll = true;
    next.add(fork);
    fork.add(viewer);
  }

  resync(viewer: ViewerHandle): void {
    const { viewSeq } = viewer.group!;
    this.#sender.owed.delete(viewer);
    this.#leave(viewer);
    this.#await(viewer, viewSeq);
  }

  check(viewer: ViewerHandle, seq: number, hash: string): CheckResult {
    const result = checkOf(this.#document, viewer, seq, hash);
    if (result === "mismatch") this.resync(viewer);
    return result;
  }

  /** The view of someone who need not be connected. */
  view(principal: Principal, viewState: ViewStateValue | undefined): PlainView & { readonly seq: number } {
    const { viewClass, plain, group } = this.#classes.viewOf(principal, viewState);
    viewClass.forgetBytes();
    this.#classes.dropIdle(this.#viewerCount);
    return { ...plain, seq: group.viewSeq };
  }

  deliver(now: number, outbox: Outbox): void {
    this.#sender.delivery++;
    if (this.#deliverStraight(now, outbox)) return;
    this.#shared.begin(this.#sender.delivery);
    const touched = touchedClasses(this.#document, this.#classes, this.#shared);
    if (touched === undefined) this.#deliverAll(now, outbox);
    else this.#deliverTouched(touched, now, outbox);
    if (!this.#shared.isEmpty) this.#deliverShared(outbox);
    if (this.#sender.owed.size > 0) this.#deliverOwed(now, outbox);
    if (now >= this.#sender.hashOwedAt) this.#deliverHashes(now, outbox);
    this.#classes.rest(now, this.#sender.owed);
  }

  #deliverStraight(now: number, outbox: Outbox): boolean {
    if (this.#sender.owed.size > 0 || now >= this.#sender.hashOwedAt) return false;
    const group = this.#straight.groupOf(this.#classes.only, now);
    if (group === undefined || !this.#straight.deliver(group, this.#sender.delivery, outbox)) return false;
    if (!group.owesHash && group.sentIn === this.#sender.delivery) this.#sender.oweHash(group, group.hashDueAt);
    return true;
  }

  #deliverShared(outbox: Outbox): void {
    this.#shared.deliver((groups, frame) => {
      for (const group of groups) {
        this.#sender.sent(group);
        if (!group.owesHash) this.#sender.oweHash(group, group.hashDueAt);
      }
      outbox.send(readyOf(groups), frame);
    });
  }

  #deliverTouched(touched: Iterable<ViewClass>, now: number, outbox: Outbox): void {
    for (const viewClass of touched) this.#deliverClass(viewClass, now, outbox);
    for (const viewClass of touched) viewClass.leaveCohort();
    this.#classes.cohort.seq = this.#document.state.root.$stamp;
    for (const viewClass of touched) this.#settle(viewClass);
  }

  #deliverAll(now: number, outbox: Outbox): void {
    this.#classes.wakeAll();
    const { only } = this.#classes;
    if (only !== undefined) {
      this.#deliverClass(only, now, outbox);
      if (!this.#classes.mustSplit) {
        // Alone, a class has no others to go on with; it is new to the cohort when they come.
        if (this.#classes.isFinal && this.#classes.only === only) {
          only.leaveCohort();
          this.#classes.restless.add(only);
        }
        return;
      }
      this.#classes.split();
    }
    for (;;) {
      for (const viewClass of this.#classes.values()) {
        this.#deliverClass(viewClass, now, outbox);
        if (this.#classes.mustSplit) break;
      }
      if (!this.#classes.mustSplit) break;
      this.#classes.split();
    }
    if (!this.#classes.isFinal) return;
    const { state, tick } = this.#document;
    for (const viewClass of this.#classes.values()) viewClass.leaveCohort();
    this.#classes.cohort = new Cohort(state.root.$stamp, tick);
    for (const viewClass of this.#classes.values()) this.#settle(viewClass);
  }

  #settle(viewClass: ViewClass): void {
    if (viewClass.joinCohort(this.#classes.cohort)) this.#classes.restless.delete(viewClass);
    else this.#classes.restless.add(viewClass);
  }

  /** Monotonic ms: there is something to deliver then, whatever happens until then. */
  get deliverAt(): number | undefined {
    // What was owed to viewers who have left since is owed to nobody.
    return this.#sender.hashOwedAt === Infinity || this.#viewerCount === 0 ? undefined : this.#sender.hashOwedAt;
  }

  #deliverHashes(now: number, outbox: Outbox): void {
    this.#sender.deliverHashes(now, (group) =>
      this.#guarded(group.viewers, outbox, () => this.#sender.send(group.viewClass, group, emptyDelta, now, outbox)),
    );
  }

  #deliverClass(viewClass: ViewClass, now: number, outbox: Outbox): void {
    viewClass.settle();
    const { first } = viewClass;
    // They come and go while they are brought forward.
    const others = viewClass.hasSeveralGroups ? viewClass.groups.slice(1) : undefined;
    if (first !== undefined) this.#deliverFrom(viewClass, first, now, outbox);
    for (const group of others ?? []) if (!this.#classes.mustSplit) this.#deliverFrom(viewClass, group, now, outbox);
    if (this.#classes.mustSplit || viewClass.waiting === undefined) return;
    const ready = viewClass.waiting.viewers.slice();
    if (ready.length > 0) this.#guarded(ready, outbox, () => this.#deliverSnapshot(viewClass, ready, now, outbox));
  }

  /** To the members of a group, if it is not at the state of now. */
  #deliverFrom(viewClass: ViewClass, group: ViewerGroup, now: number, outbox: Outbox): void {
    const { state, tick } = this.#document;
    if (group.size === 0 || group.isAt(state.root.$stamp, tick)) return;
    const shared = this.#shared.from(group.seq);
    if (shared !== undefined && this.#shared.take(viewClass, group, shared, now)) return;
    if (group.readyCount === 0) return;
    try {
      this.#deliverGroup(viewClass, group, now, outbox, shared);
    } catch (thrown) {
      this.#failWith(thrown, group.viewers, outbox);
    }
  }

  #deliverGroup(
    viewClass: ViewClass,
    group: ViewerGroup,
    now: number,
    outbox: Outbox,
    shared: SharedStep | undefined,
  ): void {
    // Whoever stays behind keeps the state as it was; so does everyone if the class turns out to be several.
    const next = group.restingCount === 0 && this.#classes.isFinal ? group : group.fork();
    const { viewSeq } = group;
    const body = viewClass.bring(next, shared);
    if (this.#classes.mustSplit) return;
    // Nothing to tell costs no credit: then nobody stays behind.
    if (body !== undefined) viewClass.leaveBehind(group);
    if (next !== group) group.adopt(next);
    if (body === undefined) return;
    group.isSeqRepeated = group.viewSeq === viewSeq;
    this.#sender.send(viewClass, group, body, now, outbox);
  }

  #deliverSnapshot(viewClass: ViewClass, ready: readonly ViewerHandle[], now: number, outbox: Outbox): void {
    const floorSeq = viewClass.waiting!.viewSeq;
    const current = viewClass.current();
    if (this.#classes.mustSplit) return;
    const body = viewClass.snapshot(current);
    const { hash } = viewClass.plain(current);
    if (this.#classes.mustSplit) return;
    // Whom a frame of this delivery is for must not change: those who come now join the others before the next one.
    const group = current.sentIn === this.#sender.delivery ? current.fork() : current;
    if (group !== current) viewClass.add(group);
    if (group.size === 0) this.#sender.hashSent(group, now);
    group.viewSeq = Math.max(group.viewSeq, floorSeq);
    for (const viewer of ready) {
      viewClass.takeOut(viewer);
      group.add(viewer);
    }
    this.#sender.sendEach(group, ready, this.#sender.frame(viewClass, group, body, hash), outbox);
    viewClass.forgetBytes();
  }

  /** Those who resumed and for whom nothing has changed since. */
  #deliverOwed(now: number, outbox: Outbox): void {
    const { limits } = this.#document;
    for (const [viewer, owed] of this.#sender.owed) {
      const group = viewer.group!;
      const { viewClass } = group;
      if (viewer.credit <= 0) continue;
      if (owed === "forward") {
        // Nothing changed and yet its hash is another: what it holds is wrong.
        this.resync(viewer);
        this.#guarded([viewer], outbox, () => this.#deliverSnapshot(viewer.group!.viewClass, [viewer], now, outbox));
        continue;
      }
      // Just "nothing has changed": the first change is what carries the hash.
      group.hashDueAt = Math.max(group.hashDueAt, Math.ceil(now + 1));
      const hash = viewer.wantsEveryHash ? viewClass.plain(group).hash : undefined;
      this.#sender.sendEach(group, [viewer], this.#sender.frame(viewClass, group, emptyDelta, hash), outbox);
      if (hash === undefined && !group.owesHash) this.#sender.oweHash(group, now + limits.hashIntervalMs);
    }
  }

  /** A view above its bound ends the streams of those who would get it, and nobody else's. */
  #guarded(viewers: readonly ViewerHandle[], outbox: Outbox, step: () => void): void {
    try {
      step();
    } catch (thrown) {
      this.#failWith(thrown, viewers, outbox);
    }
  }

  #failWith(thrown: unknown, viewers: readonly ViewerHandle[], outbox: Outbox): void {
    if (!(thrown instanceof LimitError)) throw thrown;
    const failed = viewers.slice();
    for (const viewer of failed) this.detach(viewer);
    this.#failed.push(...failed);
    outbox.fail(failed, thrown);
  }

  #await(viewer: ViewerHandle, floorSeq: number): void {
    this.#classes.of(viewer.principal, viewer.viewState).startWaiting(viewer, floorSeq);
  }

  #leave(viewer: ViewerHandle): void {
    viewer.group!.viewClass.takeOut(viewer);
  }
}
