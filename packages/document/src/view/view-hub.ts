import type { Principal } from "@tidewire/foundation";
import type { Frame } from "../runtime/runtime.ts";
import { LimitError } from "../state/limit-error.ts";
import { ClassKeys, type ViewStateValue } from "./class-keys.ts";
import type { ViewedDocument } from "./document-views.ts";
import { emptyDelta, type FrameBody } from "./frame.ts";
import { SharedStep } from "./shared-step.ts";
import { type PlainView, ViewClass } from "./view-class.ts";
import { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

/** The viewers named are those of the call: the list is the receiver's to keep. */
export type FrameSink = (viewers: readonly ViewerHandle[], frame: Frame) => void;
export type FailureSink = (viewers: readonly ViewerHandle[], error: LimitError) => void;

/** All viewers of a document, by class. */
export class ViewHub {
  readonly #document: ViewedDocument;
  readonly #keys: ClassKeys;
  /** In order of last use: the first is the first to go when it is idle. */
  #classes = new Map<string, ViewClass>();
  readonly #viewers = new Set<ViewerHandle>();
  /** Of this delivery. */
  #shared: SharedStep[] = [];
  /** Members that were promised a frame even if nothing changes. */
  readonly #owed = new Set<ViewerHandle>();
  /** Monotonic ms from which on some group that was sent frames without a hash is to be sent one. */
  #hashOwedAt = Infinity;

  constructor(document: ViewedDocument) {
    this.#document = document;
    const { guards, slots, hasViewState } = document.schema;
    this.#keys = new ClassKeys({ hasViewState, hasLookers: guards.length > 0 || slots.length > 0 });
  }

  get mustSplit(): boolean {
    return this.#keys.mustSplit;
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
    viewer.viewClass = this.#classOf(viewer.principal, viewer.viewState);
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
    this.#dropIdleClasses();
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
    const next = this.#classOf(viewer.principal, viewState);
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
    this.#dropIdleClasses();
    return { ...plain, seq: group.viewSeq };
  }

  deliver(now: number, sink: FrameSink, fail: FailureSink): void {
    this.#shared = [];
    for (;;) {
      for (const viewClass of this.#classes.values()) {
        this.#deliverClass(viewClass, now, sink, fail);
        if (this.#keys.mustSplit) break;
      }
      if (!this.#keys.mustSplit) break;
      this.#split();
    }
    this.#deliverShared(sink);
    this.#deliverOwed(now, sink, fail);
    if (now >= this.#hashOwedAt) this.#deliverHashes(now, sink, fail);
  }

  /** Monotonic ms: there is something to deliver then, whatever happens until then. */
  get deliverAt(): number | undefined {
    return this.#hashOwedAt === Infinity ? undefined : this.#hashOwedAt;
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
      const shared = this.#sharedFrom(group.seq);
      if (shared !== undefined && this.#passWithOthers(viewClass, group, shared, now)) continue;
      const ready = withCredit(group.members);
      if (ready.length === 0) continue;
      this.#guarded(ready, fail, () => this.#deliverGroup(viewClass, group, ready, now, sink, shared));
      if (this.#keys.mustSplit) return;
    }
    const ready = withCredit(viewClass.waiting);
    if (ready.length > 0) this.#guarded(ready, fail, () => this.#deliverSnapshot(viewClass, ready, now, sink));
  }

  /** The step from `from` on that classes have in common; `undefined` where there is nothing to be gained. */
  #sharedFrom(from: number): SharedStep | undefined {
    if (!this.#keys.isFinal || this.#classes.size === 1 || from === 0) return undefined;
    let step = this.#shared.find((each) => each.from === from);
    if (step === undefined) {
      const { state, schema, sharedWriter } = this.#document;
      step = new SharedStep(state.root, schema.rootParts, from, sharedWriter);
      this.#shared.push(step);
    }
    return step;
  }

  /** Most of many different viewers are told only what everybody is, or nothing: they get one frame together. */
  #passWithOthers(viewClass: ViewClass, group: ViewerGroup, shared: SharedStep, now: number): boolean {
    const { part } = shared;
    if (part === "beyond" || viewClass.groups.length > 1) return false;
    const isSilent = part.json.length === 0;
    if (!isSilent && (group.hashDueAt <= now || group.members.some(({ credit }) => credit <= 0))) return false;
    if (!viewClass.hasNothingOwn(group, shared)) return false;
    group.seq = this.#document.state.root.$stamp;
    if (isSilent) return true;
    group.viewSeq = part.newest;
    for (const viewer of group.members) shared.viewers.push(viewer);
    if (!group.owesHash) this.#oweHash(group, group.hashDueAt);
    return true;
  }

  #deliverShared(sink: FrameSink): void {
    for (const { viewers, part } of this.#shared) {
      if (viewers.length === 0 || part === "beyond") continue;
      const frame = this.#document.frames.makeOfFields(part.json, part.newest);
      for (const viewer of viewers) this.#sent(viewer, frame);
      sink(viewers, frame);
    }
    this.#shared = [];
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
    const canStay = ready.length === group.members.length && this.#keys.isFinal;
    const next = canStay ? group : group.fork();
    const body = viewClass.bring(next, shared);
    if (this.#keys.mustSplit) return;
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
    if (this.#keys.mustSplit) return;
    const body = viewClass.snapshot(group);
    if (this.#keys.mustSplit) return;
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
    viewer.viewClass = this.#classOf(viewer.principal, viewer.viewState);
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
      const viewClass = this.#classOf(principal, viewState);
      const group = viewClass.current();
      if (!this.#keys.mustSplit) {
        const plain = viewClass.plain(group);
        if (!this.#keys.mustSplit) return { viewClass, group, plain };
      }
      this.#split();
    }
  }

  #classOf(principal: Principal, viewState: ViewStateValue | undefined): ViewClass {
    const key = this.#keys.keyOf(principal, viewState);
    let found = this.#classes.get(key);
    if (found === undefined) found = new ViewClass(this.#document, key, this.#keys.inputsOf(principal, viewState));
    else this.#classes.delete(key);
    this.#classes.set(key, found);
    return found;
  }

  /** Tells apart viewers that were one class until someone looked at who they are. */
  #split(): void {
    this.#keys.split();
    const before = [...this.#classes.values()];
    this.#classes = new Map();
    for (const old of before) {
      for (const viewer of old.waiting) {
        viewer.viewClass = this.#classOf(viewer.principal, viewer.viewState);
        viewer.viewClass.startWaiting(viewer);
      }
      for (const group of old.groups) this.#splitGroup(old, group);
    }
  }

  #splitGroup(old: ViewClass, group: ViewerGroup): void {
    const forks = new Map<ViewClass, ViewerGroup>();
    for (const viewer of group.members.slice()) {
      const viewClass = this.#classOf(viewer.principal, viewer.viewState);
      let fork = forks.get(viewClass);
      if (fork === undefined) {
        fork = group.fork();
        // What was asked for one of them may have been answered for another.
        fork.mustAskAll = true;
        forks.set(viewClass, fork);
        viewClass.inherit(old);
        viewClass.add(fork);
      }
      viewer.viewClass = viewClass;
      group.remove(viewer);
      fork.add(viewer);
    }
  }

  #dropIdleClasses(): void {
    const { idleClassesMax } = this.#document.limits;
    let excess = this.#classes.size - idleClassesMax - this.#viewers.size;
    for (const [key, viewClass] of this.#classes) {
      if (excess <= 0) return;
      if (!viewClass.isIdle) continue;
      this.#classes.delete(key);
      excess--;
    }
  }
}

/** A new list, in one copy where everybody has credit. */
function withCredit(viewers: readonly ViewerHandle[]): ViewerHandle[] {
  for (let index = 0; index < viewers.length; index++) {
    if (viewers[index]!.credit <= 0) return viewers.filter(({ credit }) => credit > 0);
  }
  return viewers.slice();
}
