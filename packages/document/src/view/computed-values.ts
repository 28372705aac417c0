import type { DocumentPresence } from "../author/context.ts";
import { refusePromise } from "../author/refuse-promise.ts";
import type { DocumentState, RootExtras } from "../state/document-state.ts";
import { ReadTracker } from "../state/read-tracker.ts";
import type { Presence } from "./presence.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the author's types are gone here
export type ComputedFunction = (doc: any) => unknown;

interface Cell {
  readonly value: unknown;
  readonly tracker: ReadTracker;
  readonly seq: number;
  readonly tick: number;
}

/** Computed values of one document, evaluated again when something they read has changed. */
export class ComputedValues implements RootExtras {
  readonly #state: DocumentState;
  readonly #presence: Presence;
  readonly #functions: readonly ComputedFunction[];
  readonly #cells: (Cell | undefined)[] = [];

  constructor(state: DocumentState, presence: Presence, functions: readonly ComputedFunction[]) {
    this.#state = state;
    this.#presence = presence;
    this.#functions = functions;
  }

  get presence(): DocumentPresence {
    return this.#presence;
  }

  computed(index: number): unknown {
    const state = this.#state;
    const compute = this.#functions[index]!;
    // Inside a transaction nothing has a stamp yet: read your own writes.
    if (state.isWriting || state.hasWrites) return valueOf(compute, state.root);
    let cell = this.#cells[index];
    if (cell === undefined || this.#hasChanged(cell)) {
      const tracker = new ReadTracker();
      cell = { value: this.#tracked(compute, tracker), tracker, seq: state.root.$stamp, tick: this.#presence.tick };
      this.#cells[index] = cell;
    }
    state.tracker?.merge(cell.tracker);
    return cell.value;
  }

  #hasChanged({ tracker, seq, tick }: Cell): boolean {
    return tracker.hasChangedSince(seq) || (tracker.readsPresence && tick !== this.#presence.tick);
  }

  #tracked(compute: ComputedFunction, tracker: ReadTracker): unknown {
    const outer = this.#state.tracker;
    this.#state.tracker = tracker;
    try {
      return valueOf(compute, this.#state.root);
    } finally {
      this.#state.tracker = outer;
    }
  }
}

function valueOf(compute: ComputedFunction, doc: unknown): unknown {
  const value = compute(doc);
  refusePromise(value, "views and computed values");
  return value;
}
