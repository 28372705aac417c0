import type { TidewireError } from "./tidewire-error.ts";

/**
 * - `loading`: nothing has come yet.
 * - `live`: what is shown is what the server shows now.
 * - `stale`: what is shown was true; the connection is away, or the copy is being repaired.
 * - `ended`: for good, and nothing is shown. `error` says why, unless this side ended it.
 */
export type DocumentStatus = "loading" | "live" | "stale" | "ended";

export interface DocumentState<View> {
  readonly status: DocumentStatus;
  /** Immutable; parts that did not change keep their identity from one state to the next. */
  readonly view: View | undefined;
  /** Of the newest commit the view shows. */
  readonly seq: number;
  /** The last thing that went wrong, while the stream is not live. */
  readonly error?: TidewireError;
}
