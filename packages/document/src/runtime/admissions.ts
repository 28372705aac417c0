import type { Principal } from "@tidewire/foundation";
import type { DocumentState } from "../state/document-state.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import type { ViewerHandle } from "../view/viewer-handle.ts";

const nobody: readonly ViewerHandle[] = [];

/**
 * Whether those who watch a document still may. The rule is asked again when state that it read for any of them has
 * changed, and only then: a stream must not outlive what GET would refuse, nor end by a move alone.
 */
export class Admissions {
  readonly #state: DocumentState;
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

  /** Whether anybody has to be asked about again. */
  get mustAsk(): boolean {
    return this.#tracker.hasChangedSince(this.#askedSeq);
  }

  /** Those who may not watch any more. `isAllowed` goes through `ask`. */
  refused(viewers: Iterable<ViewerHandle>, isAllowed: (principal: Principal) => boolean): readonly ViewerHandle[] {
    if (!this.mustAsk) return nobody;
    this.#tracker = new ReadTracker();
    this.#askedSeq = this.#state.root.$stamp;
    const answers = new Map<Principal, boolean>();
    const refused: ViewerHandle[] = [];
    for (const viewer of viewers) {
      const principal = this.#state.intern(viewer.principal);
      let answer = answers.get(principal);
      if (answer === undefined) answers.set(principal, (answer = isAllowed(principal)));
      if (!answer) refused.push(viewer);
    }
    return refused;
  }
}
