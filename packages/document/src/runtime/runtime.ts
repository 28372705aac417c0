import type { DocumentName, Principal, ServiceError } from "@tidewire/foundation";

/**
 * What a document host sees of a document type: state in memory, transactions, a redo patch per batch, and frames for
 * viewers. No sockets, no disk, no clock: time is an argument.
 *
 * The host's duties, in this order, for every batch:
 * 1. `execute` any number of commands; 2. `takePatch` and append it to the log; 3. when the append is durable, answer the
 * commands whose `seq` is durable, then `deliver`. While an append is in flight it neither executes nor delivers, because
 * memory is ahead of the log then.
 */
export interface DocumentRuntime {
  readonly space: string;
  readonly version: number;
  /** Whether a first connect or send creates the document. */
  readonly createsOnDemand: boolean;
  /** A document as the log has it; `stored.seq` 0, or `isDeleted`, gives one that does not exist yet. */
  open(name: DocumentName, stored: StoredDocument): DocumentInstance;
}

export interface StoredDocument {
  /** Head of the log. */
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: Uint8Array;
  /** Patches after the snapshot, oldest first. */
  readonly patches: readonly Uint8Array[];
  /** The patch that deleted it, if the log still has it: outcomes of markers are in it. */
  readonly deletion?: Uint8Array;
}

export type DocumentCommand =
  | { readonly kind: "create"; readonly principal: Principal; readonly arg?: string; readonly marker?: string }
  | {
      readonly kind: "message";
      readonly principal: Principal;
      readonly message: string;
      /** JSON text. */
      readonly arg?: string;
      readonly marker?: string;
    }
  /** The first viewer of an agent came (`onConnect`), or the last one left (`onDisconnect`). */
  | { readonly kind: "connect"; readonly principal: Principal }
  | { readonly kind: "disconnect"; readonly principal: Principal }
  /** Runs the one durable timer that is due first, if one is due at `now`. */
  | { readonly kind: "timer" }
  | { readonly kind: "delete"; readonly principal: Principal };

export type CommandOutcome =
  /** `seq` is the document's after the command (for a replayed marker: the original one); answer once it is durable. */
  | {
      readonly status: "done";
      readonly seq: number;
      /** JSON text. */
      readonly value?: string;
      readonly isReplay: boolean;
      /** Hold the answer until the log has this seq; `seq` if absent. Larger when a message changed nothing but has a marker. */
      readonly durableSeq?: number;
    }
  /** Nothing was changed, except that a timer whose handler failed is gone. */
  | { readonly status: "refused"; readonly error: ServiceError };

export interface DocumentPatch {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly data: Uint8Array;
  readonly deletes: boolean;
}

export interface DocumentInstance {
  readonly name: DocumentName;
  /** In memory; ahead of the log between `execute` and the durable append of `takePatch`. */
  readonly seq: number;
  readonly exists: boolean;
  /**
   * Document code was cut off in the middle (by a guard that the host ran a call inside of): what is in memory is half
   * done, and every further call throws. Drop the instance and open the document again.
   */
  readonly isBroken: boolean;
  /** Wall clock, ms, of the earliest durable timer. */
  readonly wakeAt: number | undefined;
  readonly viewerCount: number;
  /**
   * Monotonic ms: deliver then, or soon after, even if nothing happens. A stream that went silent after frames without a
   * hash is owed one. Absent: there is nothing to wait for.
   */
  readonly deliverAt?: number | undefined;
  /**
   * Principals whose `connect` was executed without a `disconnect` since, as the log knows: after a crash or move those
   * that do not come back are owed a `disconnect`. Empty for document types without `onConnect` and `onDisconnect`.
   */
  readonly connected: readonly Principal[];

  /** Never throws for what document code does: a throw, a refusal and a bad argument are all `refused`. */
  execute(command: DocumentCommand, now: number): CommandOutcome;
  /**
   * Something was shown that the log has to know of before long: the next patch is one without a change if there is none.
   * It may become so in `attach`, `deliver` and `view`; a few times in the life of a document.
   */
  readonly owesCommit: boolean;
  /** Everything committed since the last call, and what is owed, as one patch; `undefined` if there is nothing. */
  takePatch(): DocumentPatch | undefined;
  /** The whole state at `seq`, for the log. Only while it exists. */
  snapshot(): Uint8Array;

  /** Throws `forbidden` if access refuses, `invalid_argument` for a bad view state, `not_found` if it does not exist. */
  attach(viewer: ViewerInit): Viewer;
  detach(viewer: Viewer): void;
  /** Throws `invalid_argument`. */
  updateViewState(viewer: Viewer, viewState: string): void;
  /** Allows `frames` more frames to this viewer. */
  grant(viewer: Viewer, frames: number): void;
  /** The next frame for this viewer is a snapshot. */
  resync(viewer: Viewer): void;
  /** Compares what a client holds with what it was sent; `mismatch` also does `resync`. */
  check(viewer: Viewer, seq: number, hash: string): "match" | "mismatch" | "unverifiable";
  /**
   * Calls `sink` for every viewer that is behind and has credit, with one frame for all viewers that get the same bytes.
   * Each call uses one credit of each viewer named. `audience` comes along where the same viewers are likely to be sent to
   * together again; until the instance is called again it only loses viewers that were detached, and so may `viewers`. `now` is monotonic ms (for the interval of `@h`). Attaching, detaching
   * and new view states change views without a commit: deliver after them too. Throws if a commit was not taken as a
   * patch. Viewers whose view is larger than its limit, or whom `access.connect` refuses now, are detached and named to
   * `fail`.
   */
  deliver(
    now: number,
    sink: (viewers: readonly Viewer[], frame: Frame, audience?: Audience) => void,
    fail?: (viewers: readonly Viewer[], error: ServiceError) => void,
  ): void;

  /** One principal's view, as GET returns it, with a view state (JSON text) if one is given. Throws as `attach` does. */
  view(
    principal: Principal,
    viewState?: string,
  ): { readonly seq: number; readonly hash: string; readonly json: Uint8Array };
}

export interface ViewerInit {
  /** Unique among this document's viewers. */
  readonly id: string;
  readonly principal: Principal;
  /** JSON text. */
  readonly viewState?: string;
  readonly resume?: { readonly seq: number; readonly hash: string };
  readonly hashEvery: boolean;
  readonly credit: number;
}

/**
 * Viewers who hold the same state and are sent the same frames: the same object from delivery to delivery. What is kept for
 * all of them, such as the numbers of their streams, is kept with it, and brought up to date by what has changed.
 */
export interface Audience {
  readonly viewers: readonly Viewer[];
  /**
   * Places in `viewers` at which another viewer stands than at the last call; in any order, some maybe twice. Places that
   * are beyond its end by now need not be named. `undefined`: look at all of them. For one who asks.
   */
  takeChanges(): readonly number[] | undefined;
}

/** A handle; everything else about a viewer is inside the instance. */
export interface Viewer {
  readonly id: string;
  readonly principal: Principal;
  readonly credit: number;
}

export interface Frame {
  readonly kind: "snapshot" | "delta";
  readonly seq: number;
  readonly hash?: string;
  /** One JSON object in UTF-8. Shared between viewers: never written to. */
  readonly data: Uint8Array;
}
