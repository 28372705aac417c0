import type { Principal } from "@tidewire/foundation";
import type { JsonWriter } from "../encode/json-writer.ts";
import type { DocumentState } from "../state/document-state.ts";
import type { ReadTracker } from "../state/read-tracker.ts";
import type { FieldType, Guard, RecordType } from "../state/record-type.ts";
import type { DeltaStep } from "./delta-step.ts";
import type { FrameMaker } from "./frame.ts";
import type { HolderIndex } from "./holder-index.ts";
import type { LoggedPart } from "./logged-part.ts";
import type { PresenceReads } from "./presence-reads.ts";
import type { RootParts } from "./shared-step.ts";
import type { ViewSlot } from "./view-slot.ts";

/** What a document type shows. */
export interface ViewSchema {
  readonly rootType: RecordType;
  /** The root's fields, computed values and views, in the order of canonical JSON. */
  readonly entries: readonly (FieldType | ViewSlot)[];
  readonly rootParts: RootParts;
  /** Computed values and views, by index. */
  readonly slots: readonly ViewSlot[];
  /** By index. */
  readonly guards: readonly Guard[];
  /** Guards beneath other guards, by index: their records go unasked while what is above them is hidden. */
  readonly isGuardNested: readonly boolean[];
  readonly hasViewState: boolean;
  /** Neither policies nor views nor computed values: what is not private is the same for everybody. */
  readonly isAlikeForAll: boolean;
  /** Whether any guard takes the document, and can read beyond its record. */
  readonly hasWideGuards: boolean;
}

export interface ViewLimits {
  /** Of one viewer's whole view, as JSON. */
  readonly viewMaxBytes: number;
  readonly viewersMax: number;
  /** Classes kept without viewers, so that GET and reconnects find their seq again. */
  readonly idleClassesMax: number;
  /** At most this long without a hash on a stream that gets frames. */
  readonly hashIntervalMs: number;
}

/** What policies and views get to know of a viewer. */
export interface ViewerInputs {
  readonly principal: Principal;
  readonly viewState: unknown;
}

/** A document as its views see it. */
export interface ViewedDocument {
  readonly state: DocumentState;
  readonly schema: ViewSchema;
  readonly limits: ViewLimits;
  /** Deltas are written with this, and stay in its writer until the next one. */
  readonly step: DeltaStep;
  /** Whole views. */
  readonly viewWriter: JsonWriter;
  /** What viewers have in common. */
  readonly sharedWriter: JsonWriter;
  readonly frames: FrameMaker;
  /** By guard: the fields of its record that any run of its policy has read, by bit; -1: any field. */
  readonly guardReads: Int32Array;
  readonly holders: HolderIndex;
  readonly presenceReads: PresenceReads;
  /** For finding out what a policy's answer comes from. */
  readonly trace: ReadTracker;
  /** Of the newest patch. */
  readonly loggedPart: LoggedPart | undefined;
  /** Grows with every change of who is connected. */
  readonly tick: number;
  /** Nothing is known about changes up to here: the document was loaded from a snapshot of this seq. */
  readonly baseSeq: number;
  /** A policy or view looked at something that viewers of one class may differ in. */
  readonly mustSplit: boolean;
  /** A policy or view threw: it hides, and its author is told which one. */
  codeFailed(what: string, thrown: unknown): void;
}
