import type { Frame } from "../runtime/runtime.ts";
import type { ClassTable } from "./class-table.ts";
import type { ViewedDocument } from "./document-views.ts";
import { SharedStep } from "./shared-step.ts";
import { largeDeltaBytes, type ViewClass } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** The steps of one delivery, each from where some of the viewers are. */
export class SharedSteps {
  readonly #document: ViewedDocument;
  readonly #classes: ClassTable;
  #steps: SharedStep[] = [];
  #delivery = 0;

  constructor(document: ViewedDocument, classes: ClassTable) {
    this.#document = document;
    this.#classes = classes;
  }

  /** Nothing of this delivery is told in common. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** @param delivery its number */
  begin(delivery: number): void {
    this.#delivery = delivery;
    if (this.#steps.length > 0) this.#steps = [];
  }

  /** The step from `seq` on that classes have in common; `undefined` where there is nothing to be gained. */
  from(seq: number): SharedStep | undefined {
    if (!this.#classes.isFinal || this.#classes.size === 1 || seq === 0) return undefined;
    let step = this.#steps.find((each) => each.from === seq);
    if (step === undefined) {
      step = new SharedStep(this.#document, seq);
      this.#steps.push(step);
    }
    return step;
  }

  /**
   * Most of many different viewers are told the same as some others, or nothing: they get one frame together. Returns
   * whether this group is one of them, and is through then.
   */
  take(viewClass: ViewClass, group: ViewerGroup, shared: SharedStep, now: number): boolean {
    // What is large may be larger than a snapshot.
    if (shared.part === "beyond" || shared.part.json.length > largeDeltaBytes || viewClass.hasSeveralGroups)
      return false;
    const held = viewClass.heldOf(group, shared);
    const telling = held < 0 ? undefined : shared.tellings.of(held, group);
    if (telling === undefined) return false;
    const { frame } = telling;
    if (frame !== undefined) {
      if (group.isHashDue(now) || group.restingCount > 0) return false;
      group.viewSeq = frame.seq;
      group.isSeqRepeated = false;
      group.stateHash = undefined;
      group.sentIn = this.#delivery;
      if (telling.groups === undefined) telling.groups = [group];
      else telling.groups.push(group);
    }
    group.seq = this.#document.state.root.$stamp;
    return true;
  }

  /** One frame for all that are told the same. */
  deliver(send: (groups: readonly ViewerGroup[], frame: Frame) => void): void {
    for (const { tellings } of this.#steps) tellings.deliver(send);
    this.begin(this.#delivery);
  }
}
