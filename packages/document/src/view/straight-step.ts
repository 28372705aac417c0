import { LimitError } from "../state/limit-error.ts";
import type { ViewedDocument } from "./document-views.ts";
import { openDelta, restateSeq } from "./frame.ts";
import { openLens } from "./lens.ts";
import { writeAlike } from "./logged-part.ts";
import type { Outbox } from "./outbox.ts";
import { BeyondHorizon, StateWalk } from "./state-walk.ts";
import { largeDeltaBytes, type ViewClass } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/**
 * The step of a document that shows everybody the same, when all who watch hold one state and nothing is due but what has
 * changed: as it mostly is. It does what the general way does, which asks at every turn whether it is so.
 */
export class StraightStep {
  readonly #document: ViewedDocument;
  readonly #walk: StateWalk;
  /** What is large may be larger than a snapshot, or than a view may be. */
  readonly #bytesMax: number;

  constructor(document: ViewedDocument) {
    this.#document = document;
    this.#walk = new StateWalk(document.step.walk.out, openLens);
    this.#bytesMax = Math.min(largeDeltaBytes, document.limits.viewMaxBytes);
  }

  /** Who is to be brought forward like that; `undefined`: not all are alike, or something else is due. */
  groupOf(only: ViewClass | undefined, now: number): ViewerGroup | undefined {
    const { schema, tick } = this.#document;
    if (only === undefined || !schema.isAlikeForAll) return undefined;
    const group = only.first;
    if (group === undefined || only.hasSeveralGroups || only.waiting !== undefined) return undefined;
    group.restDrained();
    const isPlain = group.tick === tick && !group.mustAskAll && group.restingCount === 0 && group.readyCount > 0;
    return isPlain && group.seq > 0 && !group.isHashDue(now) ? group : undefined;
  }

  /** Brings it forward. `false`, and nothing has happened: that is for the general way. */
  deliver(group: ViewerGroup, delivery: number, outbox: Outbox): boolean {
    const { root } = this.#document.state;
    const from = group.seq;
    const to = root.$stamp;
    if (to === from) return true;
    const walk = this.#walk;
    const { out } = walk;
    walk.newest = 0;
    const inside = openDelta(out, to);
    try {
      writeAlike(this.#document, walk, from);
    } catch (thrown) {
      if (thrown instanceof BeyondHorizon || thrown instanceof LimitError) return false;
      throw thrown;
    }
    if (out.length > this.#bytesMax) return false;
    if (out.position === inside) {
      group.seq = to;
      return true;
    }
    const isNewer = walk.newest > group.viewSeq;
    const seq = isNewer ? walk.newest : group.viewSeq;
    if (seq !== to && !restateSeq(out, inside, to, seq)) return false;
    out.closeObject();
    group.seq = to;
    group.viewSeq = seq;
    group.isSeqRepeated = !isNewer;
    group.stateHash = undefined;
    group.frames++;
    group.sentIn = delivery;
    outbox.sendTo(group, { kind: "delta", seq, data: out.take() });
    return true;
  }
}
