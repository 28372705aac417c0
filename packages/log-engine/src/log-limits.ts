/** Bounds every engine enforces. What is larger is refused with `limit_exceeded` before anything is allocated or written. */
export interface LogLimits {
  /** Bytes of one append. */
  readonly recordMaxBytes: number;
  /** Bytes of one snapshot. */
  readonly snapshotMaxBytes: number;
  /** Rows one `read`, `list` or `due` may ask for. */
  readonly pageMax: number;
  /** How far one append may move the sequence number; 32 bits in the local engine's record header. */
  readonly seqStepMax: number;
}

export const defaultLogLimits: LogLimits = {
  // Both fit into one message of the link, which is at most 16 MiB. The conformance document's largest `bulk` (2,000 cards
  // of 4,096 characters) is one patch of about 8 MiB.
  recordMaxBytes: 15 * 1024 * 1024,
  snapshotMaxBytes: 15 * 1024 * 1024,
  pageMax: 10_000,
  seqStepMax: 2 ** 32 - 1,
};
