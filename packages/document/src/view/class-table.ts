import type { Principal } from "@tidewire/foundation";
import { type ClassKey, ClassKeys, type ViewStateValue } from "./class-keys.ts";
import { Cohort } from "./cohort.ts";
import type { ViewedDocument } from "./document-views.ts";
import { Dormancy } from "./dormancy.ts";
import { DormantViewers } from "./dormant-viewers.ts";
import { type PlainView, ViewClass } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

interface ViewOfNow {
  readonly viewClass: ViewClass;
  readonly group: ViewerGroup;
  readonly plain: PlainView;
}

/** The classes of a document's viewers, by what tells them apart. */
export class ClassTable {
  /** Classes with viewers that wait, or hold something else than the state of the last delivery. */
  readonly restless = new Set<ViewClass>();
  /** All groups with members, but for those of restless classes, and all who are dormant. */
  cohort = new Cohort(0, -1);
  readonly #document: ViewedDocument;
  readonly #keys: ClassKeys;
  /** In order of last use: the first is the first to go when it is idle. A dormant viewer stands for its class. */
  #classes = new Map<ClassKey, ViewClass | ViewerHandle>();
  #only: ViewClass | undefined = undefined;
  readonly #dormant = new DormantViewers((viewer) => this.#wake(viewer));
  readonly #dormancy: Dormancy;

  constructor(document: ViewedDocument) {
    this.#document = document;
    const { guards, slots, hasViewState } = document.schema;
    this.#keys = new ClassKeys({ hasViewState, hasLookers: guards.length > 0 || slots.length > 0 });
    this.#dormancy = new Dormancy(document);
  }

  get size(): number {
    return this.#classes.size;
  }

  /** Whether classes cannot split any more. */
  get isFinal(): boolean {
    return this.#keys.isFinal;
  }

  get mustSplit(): boolean {
    return this.#keys.mustSplit;
  }

  /** The one that there is, if there are no others. */
  get only(): ViewClass | undefined {
    return this.#only;
  }

  /** All classes but those whose viewer is dormant. */
  values(): Iterable<ViewClass> {
    return this.#dormant.size === 0 ? (this.#classes.values() as Iterable<ViewClass>) : this.#awake();
  }

  *#awake(): Iterable<ViewClass> {
    for (const each of this.#classes.values()) if (each instanceof ViewClass) yield each;
  }

  *viewers(): Iterable<ViewerHandle> {
    for (const each of this.#classes.values()) {
      if (each instanceof ViewClass) yield* each.viewers();
      else yield each;
    }
  }

  clear(): void {
    for (const { groups, waiting } of this.values()) {
      for (const group of waiting === undefined ? groups : [...groups, waiting]) {
        for (const viewer of group.members) group.release(viewer);
      }
    }
    this.#dormant.clear();
    for (const key of this.#classes.keys()) this.#letGo(key);
    this.#classes.clear();
    this.restless.clear();
    this.#haveChanged();
  }

  /** Made if need be. Whoever asks is about to put a viewer there. */
  of(principal: Principal, viewState: ViewStateValue | undefined): ViewClass {
    const key = this.#keyOf(principal, viewState);
    let found = this.known(key);
    if (found === undefined) {
      found = this.#make(key, principal, viewState);
    } else this.#classes.delete(key);
    this.#classes.set(key, found);
    this.restless.add(found);
    this.#haveChanged();
    return found;
  }

  /** The state of now as somebody sees it, who need not watch. */
  viewOf(principal: Principal, viewState: ViewStateValue | undefined): ViewOfNow {
    for (;;) {
      const viewClass = this.of(principal, viewState);
      const group = viewClass.current();
      if (!this.mustSplit) {
        const plain = viewClass.plain(group);
        if (!this.mustSplit) return { viewClass, group, plain };
      }
      this.split();
    }
  }

  /** Tells apart viewers that were one class until someone looked at who they are. */
  split(): void {
    this.#keys.split();
    // Nobody is dormant before classes cannot split any more.
    const before = [...this.values()];
    for (const key of this.#classes.keys()) this.#letGo(key);
    this.#classes = new Map();
    this.#haveChanged();
    this.restless.clear();
    // Whoever holds something says so again: all policies are asked anew.
    this.#document.holders.clear();
    for (const old of before) {
      const { waiting } = old;
      for (const viewer of waiting?.members.slice() ?? []) {
        old.takeOut(viewer);
        this.of(viewer.principal, viewer.viewState).startWaiting(viewer, waiting!.viewSeq);
      }
      for (const group of old.groups) this.#splitGroup(old, group);
    }
  }

  #splitGroup(old: ViewClass, group: ViewerGroup): void {
    const forks = new Map<ViewClass, ViewerGroup>();
    for (const viewer of group.members) {
      const viewClass = this.of(viewer.principal, viewer.viewState);
      let fork = forks.get(viewClass);
      if (fork === undefined) {
        fork = group.fork();
        // What was asked for one of them may have been answered for another.
        fork.mustAskAll = true;
        forks.set(viewClass, fork);
        viewClass.inherit(old);
        viewClass.add(fork);
      }
      group.release(viewer);
      fork.add(viewer);
    }
  }

  dropIdle(viewerCount: number): void {
    const { idleClassesMax } = this.#document.limits;
    let excess = this.#classes.size - idleClassesMax - viewerCount;
    for (const [key, viewClass] of this.#classes) {
      if (excess <= 0) return;
      if (!(viewClass instanceof ViewClass) || !viewClass.isIdle) continue;
      this.#classes.delete(key);
      this.#letGo(key);
      this.#haveChanged();
      this.restless.delete(viewClass);
      viewClass.drop();
      excess--;
    }
  }

  /** A dormant viewer wakes for it. */
  known(key: ClassKey): ViewClass | undefined {
    const found = this.#classes.get(key);
    return found === undefined || found instanceof ViewClass ? found : this.#wake(found).viewClass;
  }

  wakeAll(): void {
    if (this.#dormant.size === 0) return;
    for (const each of this.#classes.values()) if (!(each instanceof ViewClass)) this.#wake(each);
  }

  /** The viewers of a class were sent the hash of what they hold. */
  hashSent(viewClass: ViewClass): void {
    this.#dormancy.hashSent(viewClass);
  }

  /** After a delivery. `owed`: who was promised a frame. */
  rest(now: number, owed: ReadonlyMap<ViewerHandle, unknown>): void {
    if (!this.#dormancy.isDue(now)) return;
    for (const viewClass of this.#dormancy.take(now)) this.#rest(viewClass, owed);
  }

  #rest(viewClass: ViewClass, owed: ReadonlyMap<ViewerHandle, unknown>): void {
    const { key } = viewClass;
    if (!this.isFinal || this.#classes.size === 1 || this.#classes.get(key) !== viewClass) return;
    const viewer = this.restless.has(viewClass) ? undefined : viewClass.viewerToRest(this.cohort);
    if (viewer === undefined || owed.has(viewer)) return;
    this.#dormant.add(viewer, viewClass.leave(viewer));
    this.#classes.set(key, viewer);
  }

  #wake(viewer: ViewerHandle): ViewerGroup {
    const { principal, viewState } = viewer;
    const key = this.#keyOf(principal, viewState);
    const viewClass = this.#make(key, principal, viewState);
    this.#classes.set(key, viewClass);
    this.#dormancy.woke(viewClass);
    return viewClass.wake(viewer, this.#dormant.take(viewer), this.cohort);
  }

  #keyOf(principal: Principal, viewState: ViewStateValue | undefined): ClassKey {
    const { principals } = this.#document.state;
    return this.#keys.keyOf(principal, viewState, (given) => principals.keep(given));
  }

  #make(key: ClassKey, principal: Principal, viewState: ViewStateValue | undefined): ViewClass {
    const inputs = this.#keys.inputsOf(this.#document.state.intern(principal), viewState);
    return new ViewClass(this.#document, key, inputs);
  }

  /** Of a class that is gone. */
  #letGo(key: ClassKey): void {
    if (typeof key === "object") this.#document.state.principals.letGo(key);
  }

  #haveChanged(): void {
    const [only] = this.#classes.size === 1 ? this.#classes.values() : [];
    this.#only = only === undefined || only instanceof ViewClass ? only : this.#wake(only).viewClass;
  }
}
