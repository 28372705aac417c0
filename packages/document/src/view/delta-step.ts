import type { JsonWriter } from "../encode/json-writer.ts";
import { ClassPolicies } from "./class-policies.ts";
import type { ViewedDocument } from "./document-views.ts";
import type { FrameBody } from "./frame.ts";
import { GroupLens } from "./group-lens.ts";
import { ResultWalk } from "./result-walk.ts";
import { StateWalk } from "./state-walk.ts";
import { ViewerGroup } from "./viewer-group.ts";

/** What a step needs, used by all classes of a document one after the other: each step sets the lens first. */
export class DeltaStep {
  readonly lens: GroupLens;
  readonly walk: StateWalk;
  readonly results: ResultWalk;
  /** What the walk has written. */
  readonly delta: FrameBody;

  constructor(document: ViewedDocument, out: JsonWriter) {
    const nobody = { principal: { agent: "", authority: "" }, viewState: undefined };
    this.lens = new GroupLens(new ClassPolicies(document, "", nobody), new ViewerGroup(0, -1, 0));
    this.walk = new StateWalk(out, this.lens);
    this.results = new ResultWalk(this.walk);
    this.delta = { kind: "delta", fields: out };
  }
}
