import type { Principal } from "@tidewire/foundation";
import { type ClassKey, ClassKeys, type ViewStateValue } from "./class-keys.ts";
import type { ViewedDocument } from "./document-views.ts";
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
  readonly #document: ViewedDocument;
  readonly #keys: ClassKeys;
  /** In order of last use: the first is the first to go when it is idle. */
  #classes = new Map<ClassKey, ViewClass>();
  #only: ViewClass | undefined = undefined;

  constructor(document: ViewedDocument) {
    this.#document = document;
    const { guards, slots, hasViewState } = document.schema;
    this.#keys = new ClassKeys({ hasViewState, hasLookers: guards.length > 0 || slots.length > 0 });
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

  values(): Iterable<ViewClass> {
    return this.#classes.values();
  }

  *viewers(): Iterable<ViewerHandle> {
    for (const { groups, waiting } of this.values()) {
      for (const group of groups) yield* group.members;
      if (waiting !== undefined) yield* waiting.members;
    }
  }

  clear(): void {
    for (const { groups, waiting } of this.#classes.values()) {
      for (const group of waiting === undefined ? groups : [...groups, waiting]) {
        for (const viewer of group.members) group.release(viewer);
      }
    }
    this.#classes.clear();
    this.restless.clear();
    this.#haveChanged();
  }

  /** Made if need be. Whoever asks is about to put a viewer there. */
  of(principal: Principal, viewState: ViewStateValue | undefined): ViewClass {
    const { state } = this.#document;
    const key = this.#keys.keyOf(principal, viewState, (given) => state.intern(given));
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = new ViewClass(this.#document, this.#keys.inputsOf(state.intern(principal), viewState));
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
    const before = [...this.#classes.values()];
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
      if (!viewClass.isIdle) continue;
      this.#classes.delete(key);
      this.#haveChanged();
      this.restless.delete(viewClass);
      viewClass.drop();
      excess--;
    }
  }

  #haveChanged(): void {
    this.#only = this.#classes.size === 1 ? this.#classes.values().next().value : undefined;
  }
}
