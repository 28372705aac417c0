import type { Principal } from "@tidewire/foundation";
import type { Viewer } from "../runtime/runtime.ts";
import type { ViewStateValue } from "./class-keys.ts";
import type { ViewClass } from "./view-class.ts";
import type { ViewerGroup } from "./viewer-group.ts";

/** What a viewer is sent next. */
export type NextFrame =
  /** Changes, when there are any. */
  | "changes"
  | "snapshot"
  /** Its state was right when it resumed, and it is told so: by changes if there are any. */
  | "confirmation"
  /** It resumed from an earlier state and is brought forward. */
  | "forward";

/** One viewer. Which state it has is its group's to know. */
export class ViewerHandle implements Viewer {
  readonly id: string;
  readonly principal: Principal;
  readonly wantsEveryHash: boolean;
  viewState: ViewStateValue | undefined;
  credit: number;
  next: NextFrame = "snapshot";
  viewClass!: ViewClass;
  /** `undefined` until its first frame. */
  group: ViewerGroup | undefined = undefined;
  /** Where it is in the members of its group. */
  position = -1;
  /** Monotonic ms from which on its next frame carries a hash; `-Infinity` for all of them. */
  hashDueAt = -Infinity;
  /** Frames sent since it last said what it holds. */
  framesSinceCheck = 0;
  /** Frames sent that led to the newest seq: more than one when presence moved. */
  framesAtSeq = 0;
  lastSeq = 0;

  constructor(id: string, principal: Principal, options: { wantsEveryHash: boolean; credit: number }) {
    this.id = id;
    this.principal = principal;
    this.wantsEveryHash = options.wantsEveryHash;
    this.credit = options.credit;
  }

  sent(seq: number): void {
    this.credit--;
    this.framesSinceCheck++;
    this.framesAtSeq = seq === this.lastSeq ? this.framesAtSeq + 1 : 1;
    this.lastSeq = seq;
  }
}
