import type { DocumentName } from "@tidewire/foundation";

/** Something in the data directory that should not be so. */
export interface LogProblem {
  readonly kind: /** A record of a document is unreadable; only that document is affected. */
    | "damaged_record"
    /** Records between two that follow each other are missing. */
    | "missing_records"
    /** Bytes are unreadable and it cannot be said whose they were. */
    | "unattributed_damage"
    | "damaged_segment_header"
    | "damaged_checkpoint"
    /** Found by `fsck` only: a record that the index points to is unreadable. */
    | "unreadable_reference";
  readonly segmentId: number;
  readonly offset: number;
  readonly document?: DocumentName;
  /** For people. */
  readonly text: string;
}
