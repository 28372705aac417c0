import { ReadTracker } from "../state/read-tracker.ts";
import type { RecordNode } from "../state/record-node.ts";
import type { Guard } from "../state/record-type.ts";
import type { ViewedDocument, ViewerInputs } from "./document-views.ts";

/** Runs the policies for one class of viewers, and knows when their answers may have changed. */
export class ClassPolicies {
  readonly #document: ViewedDocument;
  readonly #inputs: ViewerInputs;
  #trackers: ReadTracker[];

  constructor(document: ViewedDocument, inputs: ViewerInputs) {
    this.#document = document;
    this.#inputs = inputs;
    this.#trackers = document.schema.guards.map(() => new ReadTracker());
  }

  /** A throw hides, and so does anything that is not `true`. */
  sees(guard: Guard, record: RecordNode): boolean {
    const { state } = this.#document;
    const outer = state.tracker;
    // Inside a view the answer is a part of what the view read.
    const tracker = outer ?? this.#trackers[guard.index]!;
    // Whoever shows or walks a record looks at its stamp anyway.
    const outerOwn = tracker.own;
    tracker.own = record;
    state.tracker = tracker;
    try {
      return isTrue(guard.policy(record, this.#inputs, state.root));
    } catch (thrown) {
      this.#document.policyFailed(thrown);
      return false;
    } finally {
      state.tracker = outer;
      tracker.own = outerOwn;
    }
  }

  /** Guards whose surroundings have changed since; by index. */
  dirtySince(seq: number, tick: number): boolean[] {
    return this.#trackers.map(
      (tracker) => tracker.hasChangedSince(seq) || (tracker.readsPresence && tick !== this.#document.tick),
    );
  }

  /** The newest change of what a guard looked at outside of its records. */
  newestSeen(guard: Guard): number {
    return this.#trackers[guard.index]!.newestStamp();
  }

  /**
   * Forgets what these guards looked at, because all their records are asked again. Not for guards beneath guards: what is
   * hidden now is not asked, but a viewer that is behind may still hold it.
   */
  restart(dirty: readonly boolean[]): void {
    const { isGuardNested } = this.#document.schema;
    for (const [index, isDirty] of dirty.entries()) {
      if (isDirty && !isGuardNested[index]) this.#trackers[index] = new ReadTracker();
    }
  }
}

/** Document code may not have been type-checked: a promise, for one, is no permission. */
function isTrue(answer: unknown): boolean {
  return answer === true;
}
