import type { ViewedDocument } from "./document-views.ts";
import type { StateWalk } from "./state-walk.ts";

/** What a patch for the log has in common with the deltas of its step. */
export interface LoggedPart {
  readonly from: number;
  /** Stamp of the root then. */
  readonly to: number;
  /** The patch, and where in it are the fields: an array for just these would cost more than writing them does. */
  readonly data: Uint8Array;
  readonly begin: number;
  readonly end: number;
  readonly newest: number;
}

/** Writes what has changed in the fields that all viewers see alike. */
export function writeAlike({ state, schema, loggedPart }: ViewedDocument, walk: StateWalk, from: number): void {
  const { root } = state;
  let fields = schema.rootParts.shared;
  // What the patch for the log says in the same bytes is not written again.
  if (loggedPart !== undefined && loggedPart.from === from && loggedPart.to === root.$stamp) {
    walk.out.rawPart(loggedPart.data, loggedPart.begin, loggedPart.end);
    walk.note(loggedPart.newest);
    fields = schema.rootParts.notLogged;
  }
  for (let index = 0; index < fields.length; index++) walk.deltaField(root, fields[index]!, from);
}
