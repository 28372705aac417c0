import type { Principal } from "@tidewire/foundation";
import type { Viewer } from "../runtime/runtime.ts";
import type { ViewStateValue } from "./class-keys.ts";
import type { DormantViewers } from "./dormant-viewers.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/**
 * One viewer. Which state it has is its group's to know, and so is how often it was sent something: what is counted here
 * is counted from the frames of the group, so that a frame for many changes nothing in any of them.
 */
export class ViewerHandle implements Viewer {
  readonly id: string;
  readonly principal: Principal;
  viewState: ViewStateValue | undefined = undefined;
  /** `undefined`: not attached any more. */
  place: ViewerGroup | DormantViewers | undefined = undefined;
  /** Where it stands in the list of its group that it is in, or among the dormant. */
  position = -1;
  /** It may be sent the frames of its group up to this number. In none, or resting in one: how many it may be sent. */
  until: number;
  /** What it holds was said after this frame of its group. In none, or resting in one: minus the frames since. */
  checkedAt = 0;

  constructor(id: string, principal: Principal, credit: number) {
    this.id = id;
    this.principal = principal;
    this.until = credit;
  }

  /** Each of its frames carries a hash. */
  get wantsEveryHash(): boolean {
    return false;
  }

  /** A dormant one wakes for it. `undefined`: not attached any more. */
  get group(): ViewerGroup | undefined {
    return this.place?.groupOf(this);
  }

  grant(frames: number): void {
    this.place?.grant(this, frames);
  }

  get credit(): number {
    return this.place === undefined ? this.until : this.place.creditOf(this);
  }
}

/** A class of its own, because few are and a field would take eight bytes of everybody. */
export class HashingViewerHandle extends ViewerHandle {
  override get wantsEveryHash(): boolean {
    return true;
  }
}
