import { isPermission } from "../author/permission.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ClassKey } from "./class-keys.ts";
import type { ViewedDocument, ViewerInputs } from "./document-views.ts";
import type { HolderIndex } from "./holder-index.ts";

/** Never added to. */
const noTrackers: ReadTracker[] = [];

/**
 * Runs the policies for one class of viewers, and knows when their answers may have changed. There may be as many as there
 * are viewers: no methods of `#name`, for which V8 keeps a mark of eight bytes in each object.
 */
export class ClassPolicies {
  readonly inputs: ViewerInputs;
  /** What its viewers have in common. */
  readonly key: ClassKey;
  protected readonly document: ViewedDocument;
  /** By guard; of those that take the document. */
  readonly #trackers: ReadTracker[];

  constructor(document: ViewedDocument, key: ClassKey, inputs: ViewerInputs) {
    this.document = document;
    this.key = key;
    this.inputs = inputs;
    this.#trackers = document.schema.hasWideGuards ? document.schema.guards.map(() => new ReadTracker()) : noTrackers;
  }

  get holders(): HolderIndex {
    return this.document.holders;
  }

  /** A throw hides, and so does anything that is not `true`. */
  sees(guard: Guard, record: RecordNode): boolean {
    const { state } = this.document;
    const outer = state.tracker;
    if (guard.isLocal && outer === null) return this.seesLocally(guard, record);
    // Inside a view the answer is a part of what the view read.
    const { guardReads, presenceReads } = this.document;
    const tracker = outer ?? this.#trackers[guard.index]!;
    // Whoever shows or walks a record looks at its stamp anyway.
    const outerOwn = tracker.own;
    tracker.own = record;
    state.tracker = tracker;
    try {
      return isPermission(guard.policy(record, this.inputs, guard.isLocal ? undefined : state.root), "policies");
    } catch (thrown) {
      this.document.codeFailed(`the policy of ${guard.path}`, thrown);
      return false;
    } finally {
      state.tracker = outer;
      tracker.own = outerOwn;
      guardReads[guard.index]! |= tracker.ownFields;
      if (tracker.readsPresence && outer === null) presenceReads.notePolicy(guard, record, tracker);
    }
  }

  /** See `Lens.answerSeq`. */
  answerSeq(guard: Guard, record: RecordNode, than: number): number {
    if (record.$stamp <= than && (guard.isLocal || this.#trackers[guard.index]!.newestStamp() <= than)) return 0;
    const { state, trace } = this.document;
    const outer = state.tracker;
    trace.reset();
    trace.own = record;
    state.tracker = trace;
    try {
      isPermission(guard.policy(record, this.inputs, guard.isLocal ? undefined : state.root), "policies");
    } catch {
      // It was told when the answer was asked for; what it read until then is what made it throw.
    } finally {
      state.tracker = outer;
      trace.own = null;
    }
    const newest = Math.max(record.$newestOf(trace.ownFields), trace.newestStamp());
    return newest > record.$born ? newest : 0;
  }

  /** Whether anything that policies looked at outside of their records has changed since. */
  isAnyDirtySince(seq: number): boolean {
    return this.document.schema.hasWideGuards && this.#trackers.some((tracker) => tracker.hasChangedSince(seq));
  }

  /** Only which fields it reads is remembered, for all classes together: a change of others cannot change the answer. */
  private seesLocally(guard: Guard, record: RecordNode): boolean {
    const { state, trace, guardReads, presenceReads } = this.document;
    trace.own = record;
    trace.ownFields = 0;
    trace.readsPresence = false;
    state.tracker = trace;
    try {
      return isPermission(guard.policy(record, this.inputs, undefined), "policies");
    } catch (thrown) {
      this.document.codeFailed(`the policy of ${guard.path}`, thrown);
      return false;
    } finally {
      state.tracker = null;
      trace.own = null;
      guardReads[guard.index]! |= trace.ownFields;
      if (trace.readsPresence) {
        presenceReads.localGuards.add(guard.index);
        presenceReads.notePolicy(guard, record, trace);
      }
    }
  }

  /**
   * Guards whose surroundings have changed since: by index, the newest change of what they looked at there, or -1 for those
   * that have nothing to be asked again for. `undefined` if that is all of them, which is how it mostly is.
   *
   * What such a guard looked at is forgotten, because all its records will be asked again. Not for guards beneath guards:
   * what is hidden now is not asked, but a viewer that is behind may still hold it.
   */
  takeDirtySince(seq: number, tick: number, mustAskAll: boolean): readonly number[] | undefined {
    let dirty: number[] | undefined;
    const { schema, tick: tickNow, presenceReads } = this.document;
    const isPresenceNew = tick !== tickNow;
    // What takes no document has no surroundings, unless its record is the document.
    if (!schema.hasWideGuards) {
      if (mustAskAll) return schema.guards.map(() => 0);
      return isPresenceNew ? presenceReads.dirtyLocalGuards(schema.guards.length) : undefined;
    }
    for (let index = 0; index < this.#trackers.length; index++) {
      const tracker = this.#trackers[index]!;
      const looksAtNew = isPresenceNew && (tracker.readsPresence || presenceReads.localGuards.has(index));
      if (!mustAskAll && !looksAtNew && !tracker.hasChangedSince(seq)) continue;
      dirty ??= Array.from<number>({ length: this.#trackers.length }).fill(-1);
      dirty[index] = tracker.newestStamp();
      if (!schema.isGuardNested[index]) this.#trackers[index] = new ReadTracker();
    }
    return dirty;
  }
}
