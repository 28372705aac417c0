import type { Principal } from "@tidewire/foundation";
import type { Frame } from "../runtime/runtime.ts";
import { LimitError } from "../state/limit-error.ts";
import type { ViewStateValue } from "./class-keys.ts";
import { ClassTable } from "./class-table.ts";
import type { ViewedDocument } from "./document-views.ts";
import { emptyDelta, type FrameBody } from "./frame.ts";
import type { SharedStep } from "./shared-step.ts";
import { SharedSteps } from "./shared-steps.ts";
import { touchedClasses } from "./touched-classes.ts";
import type { PlainView, ViewClass } from "./view-class.ts";
import { Cohort, ViewerGroup, withCredit } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** The viewers named are those of the call: the list is the receiver's to keep. */
export type FrameSink = (viewers: readonly ViewerHandle[], frame: Frame) => void;
export type FailureSink = (viewers: readonly ViewerHandle[], error: LimitError) => void;

/** All viewers of a document, by class. */
export class ViewHub {
  readonly #document: ViewedDocument;
  readonly #classes: ClassTable;
  readonly #viewers = new Set<ViewerHandle>();
  readonly #shared: SharedSteps;
  /** All groups with members, but for those of restless classes. */
  #cohort = new Cohort(0, -1);
  /** Members that were promised a frame even if nothing changes. */
  readonly #owed = new Set<ViewerHandle>();
  /** Monotonic ms from which on some group that was sent frames without a hash is to be sent one. */
  #hashOwedAt = Infinity;

  constructor(document: ViewedDocument) {
    this.#document = document;
    this.#classes = new ClassTable(document);
    this.#shared = new SharedSteps(document, this.#classes);
  }

  get mustSplit(): boolean {
    return this.#classes.mustSplit;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  has(viewer: ViewerHandle): boolean {
    return this.#viewers.has(viewer);
  }

  /** Adds a viewer, which gets as little as its resume allows. */
  attach(viewer: ViewerHandle, resume: { readonly seq: number; readonly hash: string } | undefined): void {
    this.#viewers.add(viewer);
    viewer.viewClass = this.#classes.of(viewer.principal, viewer.viewState);
    if (resume === undefined) {
      this.#await(viewer);
      return;
    }
    const { viewClass, plain, group } = this.#viewOf(viewer.principal, viewer.viewState);
    viewer.viewClass = viewClass;
    group.raiseTo(resume.seq);
    if (plain.hash === resume.hash && resume.seq <= group.viewSeq) {
      group.add(viewer);
      viewer.next = "confirmation";
      this.#owed.add(viewer);
      return;
    }
    const base = this.#baseFor(viewClass, group, resume.seq);
    if (base === undefined) {
      this.#await(viewer);
      return;
    }
    base.add(viewer);
    viewer.next = "forward";
    this.#owed.add(viewer);
  }

  detach(viewer: ViewerHandle): boolean {
    if (!this.#viewers.delete(viewer)) return false;
    this.#leave(viewer);
    this.#owed.delete(viewer);
    this.#classes.dropIdle(this.#viewers.size);
    return true;
  }

  detachAll(): void {
    for (const viewer of this.#viewers) this.detach(viewer);
    this.#classes.clear();
  }

  /** The viewer said something new about itself. */
  moveTo(viewer: ViewerHandle, viewState: ViewStateValue): void {
    viewer.viewState = viewState;
    const { group, viewClass } = viewer;
    const next = this.#classes.of(viewer.principal, viewState);
    if (next === viewClass) return;
    this.#leave(viewer);
    viewer.viewClass = next;
    if (group === undefined) {
      next.startWaiting(viewer);
      return;
    }
    const fork = group.fork();
    fork.mustAskAll = true;
    next.add(fork);
    fork.add(viewer);
  }

  resync(viewer: ViewerHandle): void {
    this.#owed.delete(viewer);
    this.#leave(viewer);
    this.#await(viewer);
  }

  check(viewer: ViewerHandle, seq: number, hash: string): "match" | "mismatch" | "unverifiable" {
    const wasQuiet = viewer.framesSinceCheck === 0;
    viewer.framesSinceCheck = 0;
    const { group, viewClass } = viewer;
    if (group === undefined) return "unverifiable";
    if (seq > group.viewSeq) return this.#mismatch(viewer);
    const { state, tick } = this.#document;
    if (seq === group.viewSeq && group.isAt(state.root.$stamp, tick)) {
      if (viewClass.plain(group).hash === hash) return "match";
      if (wasQuiet || viewer.framesAtSeq <= 1) return this.#mismatch(viewer);
    }
    const known = viewClass.hashesAt(seq);
    if (known.includes(hash)) return "match";
    // With presence a seq stands for several states, and not all of them were hashed.
    return known.length === 0 || tick > 0 ? "unverifiable" : this.#mismatch(viewer);
  }

  /** The view of someone who need not be connected. */
  view(principal: Principal, viewState: ViewStateValue | undefined): PlainView & { readonly seq: number } {
    const { viewClass, plain, group } = this.#viewOf(principal, viewState);
    viewClass.forgetBytes();
    this.#classes.dropIdle(this.#viewers.size);
    return { ...plain, seq: group.viewSeq };
  }

  deliver(now: number, sink: FrameSink, fail: FailureSink): void {
    this.#shared.begin();
    const touched = touchedClasses(this.#document, this.#classes, this.#shared, this.#cohort);
    if (touched === undefined) this.#deliverAll(now, sink, fail);
    else this.#deliverTouched(touched, now, sink, fail);
    this.#shared.deliver((viewers, frame) => {
      for (const viewer of viewers) {
        this.#sent(viewer, frame);
        const { group } = viewer;
        if (group?.owesHash === false) this.#oweHash(group, group.hashDueAt);
      }
      sink(viewers, frame);
    });
    this.#deliverOwed(now, sink, fail);
    if (now >= this.#hashOwedAt) this.#deliverHashes(now, sink, fail);
  }

  #deliverTouched(touched: Iterable<ViewClass>, now: number, sink: FrameSink, fail: FailureSink): void {
    for (const viewClass of touched) this.#deliverClass(viewClass, now, sink, fail);
    for (const viewClass of touched) this.#leaveBehind(viewClass);
    this.#cohort.seq = this.#document.state.root.$stamp;
    for (const viewClass of touched) this.#settle(viewClass);
  }

  #deliverAll(now: number, sink: FrameSink, fail: FailureSink): void {
    for (;;) {
      for (const viewClass of this.#classes.values()) {
        this.#deliverClass(viewClass, now, sink, fail);
        if (this.#classes.mustSplit) break;
      }
      if (!this.#classes.mustSplit) break;
      this.#classes.split();
    }
    if (!this.#classes.isFinal) return;
    // Alone, a class has no others to go on with; it is new to the cohort when they come.
    if (this.#classes.size === 1) {
      for (const viewClass of this.#classes.values()) {
        this.#leaveBehind(viewClass);
        this.#classes.restless.add(viewClass);
      }
      return;
    }
    const { state, tick } = this.#document;
    for (const viewClass of this.#classes.values()) this.#leaveBehind(viewClass);
    this.#cohort = new Cohort(state.root.$stamp, tick);
    for (const viewClass of this.#classes.values()) this.#settle(viewClass);
  }

  /** Groups that are not where all will be now: before the cohort moves. */
  #leaveBehind({ groups }: ViewClass): void {
    for (const group of groups) group.leaveCohort();
  }

  #settle(viewClass: ViewClass): void {
    const { seq, tick } = this.#cohort;
    let isRestless = viewClass.waiting.length > 0;
    for (const group of viewClass.groups) {
      if (group.members.length === 0) continue;
      if (group.isAt(seq, tick)) group.join(this.#cohort);
      else isRestless = true;
    }
    if (isRestless) this.#classes.restless.add(viewClass);
    else this.#classes.restless.delete(viewClass);
  }

  /** Monotonic ms: there is something to deliver then, whatever happens until then. */
  get deliverAt(): number | undefined {
    // What was owed to viewers who have left since is owed to nobody.
    return this.#hashOwedAt === Infinity || this.#viewers.size === 0 ? undefined : this.#hashOwedAt;
  }

  /** Streams that went silent after frames without a hash: it comes alone. */
  #deliverHashes(now: number, sink: FrameSink, fail: FailureSink): void {
    const { state, tick, limits } = this.#document;
    this.#hashOwedAt = Infinity;
    for (const viewClass of this.#classes.values()) {
      for (const group of viewClass.groups) {
        if (!group.owesHash || group.members.length === 0) continue;
        const ready = group.hashDueAt > now ? [] : withCredit(group.members);
        if (ready.length > 0 && group.isAt(state.root.$stamp, tick)) {
          this.#guarded(ready, fail, () => this.#send(viewClass, group, ready, emptyDelta, now, sink));
        }
        // Those without credit are asked again.
        if (group.owesHash) this.#oweHash(group, Math.max(group.hashDueAt, now + limits.hashIntervalMs));
      }
    }
  }

  #oweHash(group: ViewerGroup, at: number): void {
    group.owesHash = true;
    if (at < this.#hashOwedAt) this.#hashOwedAt = at;
  }

  #deliverClass(viewClass: ViewClass, now: number, sink: FrameSink, fail: FailureSink): void {
    const { groups } = viewClass;
    const { state, tick } = this.#document;
    // Groups come and go while they are brought forward; mostly there is one.
    for (const group of groups.length === 1 ? groups : groups.slice()) {
      if (group.members.length === 0 || group.isAt(state.root.$stamp, tick)) continue;
      const shared = this.#shared.from(group.seq);
      if (shared !== undefined && this.#shared.take(viewClass, group, shared, now)) continue;
      const ready = withCredit(group.members);
      if (ready.length === 0) continue;
      this.#guarded(ready, fail, () => this.#deliverGroup(viewClass, group, ready, now, sink, shared));
      if (this.#classes.mustSplit) return;
    }
    const ready = withCredit(viewClass.waiting);
    if (ready.length > 0) this.#guarded(ready, fail, () => this.#deliverSnapshot(viewClass, ready, now, sink));
  }

  #deliverGroup(
    viewClass: ViewClass,
    group: ViewerGroup,
    ready: ViewerHandle[],
    now: number,
    sink: FrameSink,
    shared: SharedStep | undefined,
  ): void {
    // Whoever stays behind keeps the state as it was; so does everyone if the class turns out to be several.
    const canStay = ready.length === group.members.length && this.#classes.isFinal;
    const next = canStay ? group : group.fork();
    const body = viewClass.bring(next, shared);
    if (this.#classes.mustSplit) return;
    if (body === undefined) {
      // Nothing to tell costs no credit.
      viewClass.join(next, group, group.members);
      return;
    }
    viewClass.join(next, group, ready);
    this.#send(viewClass, ready[0]!.group!, ready, body, now, sink);
  }

  #deliverSnapshot(viewClass: ViewClass, ready: ViewerHandle[], now: number, sink: FrameSink): void {
    const group = viewClass.current();
    if (this.#classes.mustSplit) return;
    const body = viewClass.snapshot(group);
    if (this.#classes.mustSplit) return;
    for (const viewer of ready) {
      viewClass.stopWaiting(viewer);
      group.add(viewer);
    }
    this.#send(viewClass, group, ready, body, now, sink);
    viewClass.forgetBytes();
  }

  /** Those who resumed and for whom nothing has changed since. */
  #deliverOwed(now: number, sink: FrameSink, fail: FailureSink): void {
    for (const viewer of this.#owed) {
      const { group, viewClass, next } = viewer;
      if (viewer.credit <= 0 || group === undefined) continue;
      if (next === "forward") {
        // Nothing changed and yet its hash is another: what it holds is wrong.
        this.resync(viewer);
        this.#guarded([viewer], fail, () => this.#deliverSnapshot(viewClass, [viewer], now, sink));
      } else {
        // Just "nothing has changed": the first change is what carries the hash.
        if (!viewer.wantsEveryHash) viewer.hashDueAt = Math.max(viewer.hashDueAt, now + 1);
        this.#send(viewClass, group, [viewer], emptyDelta, now, sink);
      }
    }
  }

  #send(
    viewClass: ViewClass,
    group: ViewerGroup,
    viewers: readonly ViewerHandle[],
    body: FrameBody,
    now: number,
    sink: FrameSink,
  ): void {
    const isHashDue = group.hashDueAt <= now && viewers.some(({ hashDueAt }) => hashDueAt <= now);
    const hash = isHashDue ? viewClass.plain(group).hash : undefined;
    const frame = this.#document.frames.make(body, group.viewSeq, hash);
    if (hash !== undefined) viewClass.sentHash(frame.seq, hash);
    for (let index = 0; index < viewers.length; index++) this.#sent(viewers[index]!, frame);
    if (isHashDue) {
      this.#hashSent(group, viewers, now);
      viewClass.forgetBytes();
    } else if (!group.owesHash) this.#oweHash(group, group.hashDueAt);
    sink(viewers, frame);
  }

  #sent(viewer: ViewerHandle, { seq }: Frame): void {
    viewer.sent(seq);
    if (viewer.next === "changes") return;
    viewer.next = "changes";
    this.#owed.delete(viewer);
  }

  #hashSent(group: ViewerGroup, viewers: readonly ViewerHandle[], now: number): void {
    const dueAt = now + this.#document.limits.hashIntervalMs;
    for (const viewer of viewers) if (!viewer.wantsEveryHash) viewer.hashDueAt = dueAt;
    group.hashDueAt = group.members.reduce((least, { hashDueAt }) => Math.min(least, hashDueAt), Infinity);
    if (viewers.length === group.members.length) group.owesHash = false;
  }

  /** A view above its bound ends the streams of those who would get it, and nobody else's. */
  #guarded(viewers: readonly ViewerHandle[], fail: FailureSink, step: () => void): void {
    try {
      step();
    } catch (thrown) {
      if (!(thrown instanceof LimitError)) throw thrown;
      for (const viewer of viewers) this.detach(viewer);
      fail(viewers, thrown);
    }
  }

  #mismatch(viewer: ViewerHandle): "mismatch" {
    this.resync(viewer);
    return "mismatch";
  }

  #await(viewer: ViewerHandle): void {
    viewer.next = "snapshot";
    viewer.viewClass = this.#classes.of(viewer.principal, viewer.viewState);
    viewer.viewClass.startWaiting(viewer);
  }

  #leave(viewer: ViewerHandle): void {
    viewer.group?.remove(viewer);
    viewer.viewClass.stopWaiting(viewer);
  }

  /** A group at the state of an earlier frame, if there is one or one can be thought up. */
  #baseFor(viewClass: ViewClass, current: ViewerGroup, seq: number): ViewerGroup | undefined {
    const { baseSeq, schema } = this.#document;
    const known = viewClass.groups.find((group) => group !== current && group.viewSeq === seq && !group.mustAskAll);
    if (known !== undefined) return known;
    // Without policies there is nothing a viewer may hold or not: a seq says it all.
    if (schema.guards.length > 0 || seq < baseSeq || seq > current.viewSeq) return undefined;
    const base = new ViewerGroup(seq, -1, seq);
    viewClass.add(base);
    return base;
  }

  #viewOf(
    principal: Principal,
    viewState: ViewStateValue | undefined,
  ): { readonly viewClass: ViewClass; readonly group: ViewerGroup; readonly plain: PlainView } {
    for (;;) {
      const viewClass = this.#classes.of(principal, viewState);
      const group = viewClass.current();
      if (!this.#classes.mustSplit) {
        const plain = viewClass.plain(group);
        if (!this.#classes.mustSplit) return { viewClass, group, plain };
      }
      this.#classes.split();
    }
  }
}
