import type { ViewedDocument } from "./document-views.ts";
import { DormantViewers } from "./dormant-viewers.ts";
import type { ViewerHandle } from "./viewer-handle.ts";

export type CheckResult = "match" | "mismatch" | "unverifiable";

/** Compares what a viewer says it holds with what it was sent, as far as that is still known. */
export function checkOf({ state, tick }: ViewedDocument, viewer: ViewerHandle, seq: number, hash: string): CheckResult {
  if (viewer.place instanceof DormantViewers && viewer.place.confirms(viewer, seq, hash)) return "match";
  const group = viewer.group!;
  const wasQuiet = group.framesSinceCheck(viewer) === 0;
  group.checked(viewer);
  const { viewClass } = group;
  if (viewClass.waiting === group) return "unverifiable";
  if (seq > group.viewSeq) return "mismatch";
  if (seq === group.viewSeq && group.isAt(state.root.$stamp, tick)) {
    if (viewClass.plain(group).hash === hash) return "match";
    if (wasQuiet || !group.isSeqRepeated) return "mismatch";
  }
  const known = viewClass.hashesAt(seq);
  if (known.includes(hash)) return "match";
  // With presence a seq stands for several states, and not all of them were hashed.
  return known.length === 0 || tick > 0 ? "unverifiable" : "mismatch";
}
