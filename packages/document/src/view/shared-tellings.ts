import type { Frame } from "../runtime/runtime.ts";
import { LimitError } from "../state/limit-error.ts";
import type { ViewedDocument } from "./document-views.ts";
import { beginDelta } from "./frame.ts";
import type { SharedStep } from "./shared-step.ts";
import { BeyondHorizon } from "./state-walk.ts";
import { largeDeltaBytes } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** What some viewers of a step are told alike. */
interface Telling {
  /** `undefined`: nothing. */
  readonly frame: Frame | undefined;
  /** Mostly there is one, and a list that grows takes room for seventeen. */
  groups: ViewerGroup[] | undefined;
}

/**
 * The frames of a step that several viewers may get. What a viewer is told follows from which changed guarded things it
 * holds, so it is written for the first that holds just these, and all others who do get the same bytes.
 */
export class SharedTellings {
  readonly #document: ViewedDocument;
  readonly #step: SharedStep;
  /** By what is held; `undefined`: too large, or beyond the horizon, which is for each viewer to find. */
  readonly #byHeld = new Map<number, Telling | undefined>();

  constructor(document: ViewedDocument, step: SharedStep) {
    this.#document = document;
    this.#step = step;
  }

  /** `held`: see `QuietScan.heldBy`; `group` is one of which it said so. */
  of(held: number, group: ViewerGroup): Telling | undefined {
    let telling = this.#byHeld.get(held);
    if (telling === undefined && !this.#byHeld.has(held)) {
      telling = this.#write(held, group);
      this.#byHeld.set(held, telling);
    }
    return telling;
  }

  deliver(send: (groups: readonly ViewerGroup[], frame: Frame) => void): void {
    for (const telling of this.#byHeld.values()) {
      if (telling?.frame !== undefined && telling.groups !== undefined) send(telling.groups, telling.frame);
    }
  }

  #write(held: number, group: ViewerGroup): Telling | undefined {
    const { step, frames } = this.#document;
    const { part } = this.#step;
    const { walk } = step;
    if (part === "beyond") return undefined;
    walk.newest = part.json.length === 0 ? 0 : part.newest;
    const { out } = walk;
    beginDelta(out);
    if (part.json.length > 0) out.raw(part.json);
    step.lens.lookAtHeld(group);
    try {
      this.#writeOwn(held);
      if (out.length > largeDeltaBytes) return undefined;
      const frame = out.length === 0 ? undefined : frames.make(step.delta, walk.newest, undefined);
      return { frame, groups: undefined };
    } catch (thrown) {
      if (thrown instanceof BeyondHorizon || thrown instanceof LimitError) return undefined;
      throw thrown;
    }
  }

  #writeOwn(held: number): void {
    const { state, schema, step } = this.#document;
    const { scan, from } = this.#step;
    if (scan.writeHeld(held, step.walk)) return;
    for (const field of schema.rootParts.own) step.walk.deltaField(state.root, field, from);
  }
}
