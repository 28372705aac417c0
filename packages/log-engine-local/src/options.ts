import { defaultLogLimits, type LogLimits } from "@tidewire/log-engine";
import { SEGMENT_LIMIT_BYTES } from "./format/location.ts";

const MIB = 1024 * 1024;

export interface LocalLogOptions {
  /** The folder that holds everything. Created if it is missing; one process at a time. */
  readonly directory: string;
  readonly limits: LogLimits;
  /** A log segment is closed when it has grown to this. */
  readonly segmentBytes: number;
  readonly snapshotSegmentBytes: number;
  /** Files of dead log segments kept for the next ones to write over, which takes half the time of a growing file. */
  readonly spareSegmentsMax: number;
  readonly spareMaxBytes: number;
  /** One write and one fdatasync take at most this much, unless a single record is larger. */
  readonly batchMaxBytes: number;
  /** What waits to be written: beyond it appends are `overloaded`. */
  readonly queueMaxBytes: number;
  /** How long the oldest write may have waited for its turn: beyond it appends are `overloaded`. */
  readonly queueMaxMs: number;
  /** Snapshots that wait to be written: beyond it further ones are `overloaded`. */
  readonly snapshotQueueMaxBytes: number;
  /** Documents whose records are being read from disk at one time; others wait. */
  readonly readsMax: number;
  /** Reads that may wait; beyond it they are `overloaded`. */
  readonly readQueueMax: number;
  /** Documents kept ready for writes, beyond those with writes under way; the others cost a tenth of the memory. */
  readonly activeDocumentsMax: number;
  /** Segment files kept open for reading. */
  readonly openFilesMax: number;
  /** How often a log that had to stop writing tries again. */
  readonly retryMs: number;
  /** An I/O thread that has not answered for this long is given up and replaced; what it was doing is `unavailable`. */
  readonly ioStallMs: number;
  /** A checkpoint is written when the log has grown by this since the last one, or by twice its size if that is more. */
  readonly checkpointBytes: number;
  /** How often the background looks for work. */
  readonly compactionMs: number;
  /** Share of a segment that is still needed, below which its records are moved and the file goes. */
  readonly compactionLiveShare: number;
  /** A file that goes is cut from its end by so much at a time. */
  readonly removalPieceBytes: number;
  /** How long a record stays readable after its document does not need it any more; 0 keeps no history. */
  readonly historyMs: number;
  /** Bytes of records kept only for that; beyond it the oldest go first. A full disk leaves none. */
  readonly historyMaxBytes: number;
  /**
   * How long the record of a deletion stays, unless the document is made again: at least as long as hosts remember
   * outcomes of markers (`document.markerAge`).
   */
  readonly deletionMs: number;
  /** Bytes of such records; beyond it the oldest are let go of, and with them the outcomes of markers in them. */
  readonly deletionsMaxBytes: number;
  /** History reads at one time, and waiting ones; each reads through all that is kept. */
  readonly historyReadsMax: number;
  readonly historyReadQueueMax: number;
  /** Bytes a second the background may always use, and the most it may ever use. */
  readonly paceFloorBytes: number;
  readonly paceCapBytes: number;
  /** Opens although records are damaged whose documents cannot be named. Some document may then lack its last records. */
  readonly acceptsUnattributedDamage: boolean;
}

export const defaultLocalLogOptions: Omit<LocalLogOptions, "directory"> = {
  limits: defaultLogLimits,
  segmentBytes: 64 * MIB,
  snapshotSegmentBytes: 64 * MIB,
  // Segments die one by one as history ages out, or some at once after a checkpoint.
  spareSegmentsMax: 4,
  spareMaxBytes: 288 * MIB,
  // Group commit, its bounds and the pace: research/storage.md sections 4.3 and 4.4.
  batchMaxBytes: 4 * MIB,
  queueMaxBytes: 32 * MIB,
  queueMaxMs: 250,
  snapshotQueueMaxBytes: 128 * MIB,
  readsMax: 64,
  readQueueMax: 4_096,
  activeDocumentsMax: 32 * 1024,
  openFilesMax: 256,
  retryMs: 1_000,
  ioStallMs: 15_000,
  checkpointBytes: 64 * MIB,
  compactionMs: 1_000,
  compactionLiveShare: 0.5,
  removalPieceBytes: MIB / 2,
  historyMs: 24 * 3_600_000,
  historyMaxBytes: 1024 * MIB,
  deletionMs: 24 * 3_600_000,
  deletionsMaxBytes: 1024 * MIB,
  historyReadsMax: 2,
  historyReadQueueMax: 64,
  paceFloorBytes: 8 * MIB,
  paceCapBytes: 32 * MIB,
  acceptsUnattributedDamage: false,
};

/** Throws for settings that cannot work; a programmer's or an operator's mistake, before anything is touched. */
export function checkOptions(options: LocalLogOptions): void {
  const largest = (segmentBytes: number, recordMaxBytes: number): number => segmentBytes + recordMaxBytes + 8 * MIB;
  const { limits } = options;
  if (largest(options.segmentBytes, Math.max(limits.recordMaxBytes, options.batchMaxBytes)) > SEGMENT_LIMIT_BYTES) {
    throw new RangeError("segmentBytes and limits.recordMaxBytes together must stay below 248 MiB");
  }
  if (largest(options.snapshotSegmentBytes, limits.snapshotMaxBytes) > SEGMENT_LIMIT_BYTES) {
    throw new RangeError("snapshotSegmentBytes and limits.snapshotMaxBytes together must stay below 248 MiB");
  }
  if (!(options.removalPieceBytes >= 1)) throw new RangeError("removalPieceBytes must be positive");
  if (options.queueMaxBytes < limits.recordMaxBytes) {
    throw new RangeError("queueMaxBytes must be at least limits.recordMaxBytes");
  }
  if (options.snapshotQueueMaxBytes < limits.snapshotMaxBytes) {
    throw new RangeError("snapshotQueueMaxBytes must be at least limits.snapshotMaxBytes");
  }
}
