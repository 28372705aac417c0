import type { Principal } from "@tidewire/foundation";
import type { DocumentState } from "../state/document-state.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import type { ViewerHandle } from "../view/viewer-handle.ts";

const nobody: readonly ViewerHandle[] = [];

/**
 * Who watches a document, and whether they still may. The rule is asked again when state that it read for any of them has
 * changed, and only then: a stream must not outlive what GET would refuse, nor end by a move alone.
 */
export class Admissions {
  readonly #state: DocumentState;
  readonly #viewers = new Map<Principal, Set<ViewerHandle>>();
  /** What the rule read for all of them together. */
  #tracker = new ReadTracker();
  #askedSeq = 0;

  constructor(state: DocumentState) {
    this.#state = state;
  }

  /** Asks, and remembers what the answer was made of. */
  ask(rule: () => boolean): boolean {
    const outer = this.#state.tracker;
    this.#state.tracker = this.#tracker;
    try {
      return rule();
    } finally {
      this.#state.tracker = outer;
    }
  }

  came(viewer: ViewerHandle): void {
    const viewers = this.#viewers.get(viewer.principal);
    if (viewers === undefined) this.#viewers.set(viewer.principal, new Set([viewer]));
    else viewers.add(viewer);
  }

  went(viewer: ViewerHandle): void {
    const viewers = this.#viewers.get(viewer.principal);
    if (viewers?.delete(viewer) === true && viewers.size === 0) this.#viewers.delete(viewer.principal);
  }

  /** Those who may not watch any more. `isAllowed` goes through `ask`. */
  refused(isAllowed: (principal: Principal) => boolean): readonly ViewerHandle[] {
    if (!this.#tracker.hasChangedSince(this.#askedSeq)) return nobody;
    this.#tracker = new ReadTracker();
    this.#askedSeq = this.#state.root.$stamp;
    const refused: ViewerHandle[] = [];
    for (const [principal, viewers] of this.#viewers) if (!isAllowed(principal)) refused.push(...viewers);
    return refused;
  }
}
