import type { RecordHead, StoredRecord } from "./record.ts";

/** Where a document stands: what the newest record that counts says, and where it is. */
export interface DocumentState extends RecordHead {
  readonly streamSeq: number;
}

export interface FoldedDocument {
  readonly state: DocumentState;
  /** The records that count, of all histories. */
  readonly counting: readonly StoredRecord[];
  /** Patches of the present history, oldest first, as far as the records given reach back. */
  readonly patches: readonly StoredRecord[];
  /** Where the first of the patches begins. Without any: the head. */
  readonly beginSeq: number;
  /** Records that count for nothing: a writer whose time was over got them in. */
  readonly voids: readonly StoredRecord[];
  /** Take-overs and releases that a later record has made superfluous. */
  readonly obsolete: readonly number[];
}

/** A record begins behind the end of the one before: something between them is lost. */
export class MissingRecords extends Error {}

/**
 * Puts the records of a subject together, in the order of the stream. The stream's compare-and-set should have kept every
 * record out that does not fit; this is the second fence, for streams that have lost or let in what they should not.
 */
export function fold(records: readonly StoredRecord[]): FoldedDocument | undefined {
  const [first, ...rest] = records;
  if (first === undefined) return undefined;
  let state: DocumentState = first;
  let patches: StoredRecord[] = [];
  let beginSeq = first.expectedSeq;
  const counting: StoredRecord[] = [first];
  const voids: StoredRecord[] = [];
  const obsolete: number[] = [];
  const begin = (record: StoredRecord): void => {
    patches = [];
    beginSeq = record.seq;
  };
  const patch = (record: StoredRecord): void => {
    if (record.isDeleted) begin(record);
    else patches.push(record);
  };
  if (first.kind === "append") patch(first);
  for (const record of rest) {
    if (isVoid(state, record)) {
      voids.push(record);
      continue;
    }
    if (record.kind === "append") {
      if (record.expectedSeq > state.seq) {
        throw new MissingRecords(
          `message ${record.streamSeq} follows seq ${record.expectedSeq}, the head is ${state.seq}`,
        );
      }
      patch(record);
    } else if (record.lineage !== state.lineage || record.seq !== state.seq) {
      // An installed history, or an opening that followed a snapshot which was ahead of the log.
      begin(record);
    }
    if (state.kind === "epoch" || state.kind === "release") obsolete.push(state.streamSeq);
    state = record;
    counting.push(record);
  }
  return { state, counting, patches, beginSeq, voids, obsolete };
}

/**
 * The records since the last history that was installed over what there was: what it replaced is not the past of this one,
 * also while it is still on the subject.
 */
export function ofPresentLog({ counting }: FoldedDocument): readonly StoredRecord[] {
  const start = counting.findLastIndex((record) => record.kind === "install" && record.seq === record.baseSeq);
  return counting.slice(Math.max(start, 0));
}

function isVoid(state: DocumentState, record: StoredRecord): boolean {
  if (record.kind === "install") return record.epoch < state.epoch;
  if (record.kind === "epoch") return record.epoch <= state.epoch || record.seq < state.seq;
  return record.epoch < state.epoch || record.expectedSeq < state.seq;
}
