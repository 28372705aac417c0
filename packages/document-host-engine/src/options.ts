import type { BackoffOptions } from "@tidewire/foundation";

/** Every bound and delay of a document host. LIMITS in README.md names the error and the metric of each. */
export interface DocumentHostOptions {
  /** Documents in memory. */
  readonly documentsMax: number;
  /** Viewers of all documents together. */
  readonly viewersMax: number;
  readonly viewersPerDocumentMax: number;
  /** Commands waiting or unanswered, of all documents together. */
  readonly commandsMax: number;
  readonly commandsPerDocumentMax: number;
  /** Reads waiting for the durable point, per document. */
  readonly readsPerDocumentMax: number;

  /** Commands run as one append. */
  readonly batchMaxCommands: number;
  /** Durable timers run as one append, beside the commands. */
  readonly batchMaxTimers: number;
  /** Document code runs at most about this long before other work of the process gets its turn. */
  readonly sliceMs: number;

  /** A document without viewers and commands is unloaded after this long. */
  readonly idleUnloadMs: number;
  /** The same for a name that holds no document, so that guessed names cost little memory. */
  readonly emptyUnloadMs: number;
  /** How often deadlines, idleness and slow appends are looked at. */
  readonly sweepMs: number;

  /** A snapshot is due after this many patches, or when the patches weigh more than the last snapshot. */
  readonly snapshotTailPatches: number;
  /** Below this a tail is never worth a snapshot for its bytes alone. */
  readonly snapshotTailMinBytes: number;
  /** Snapshots being written at one time. */
  readonly snapshotWritesMax: number;

  /** An append that takes longer is an outage: reads are served from the durable copy instead of waiting. */
  readonly appendSlowMs: number;
  /** After this long its commands are answered `timeout`, waiting ones `unavailable`; the append itself is retried on. */
  readonly appendPatienceMs: number;
  /** How long commands, reads and new viewers wait for a document to open. */
  readonly openPatienceMs: number;
  /** Between attempts at the log. */
  readonly logRetry: BackoffOptions;
  /** Between two takeovers of one document that another host also wants. The first one is immediate. */
  readonly reopen: BackoffOptions;

  /** A viewer whose connection broke may come back this long before its agent counts as disconnected. */
  readonly reattachGraceMs: number;

  /** Bytes kept per document to serve reads while the log is away; larger documents answer `unavailable` then. */
  readonly durableCopyMaxBytes: number;
  readonly durableCopiesMaxBytes: number;

  /** Runaways of one document within the window that put it into quarantine. */
  readonly runawaysMax: number;
  readonly runawayWindowMs: number;
  readonly quarantineMs: number;

  /** How often unloaded documents with a due timer are looked for. */
  readonly dueScanMs: number;
  readonly dueScanLimit: number;

  /** How long a request with a newer table version waits for that table. */
  readonly tableWaitMs: number;
  readonly tableWaitersMax: number;

  /** Documents handed over a second, and at one time. */
  readonly handOverPerSecond: number;
  readonly handOverConcurrency: number;
  /** A document whose append does not end in this time is let go without it. */
  readonly handOverMaxMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultDocumentHostOptions: DocumentHostOptions = {
  documentsMax: 20_000,
  viewersMax: 50_000,
  viewersPerDocumentMax: 10_000,
  commandsMax: 65_536,
  commandsPerDocumentMax: 1_024,
  readsPerDocumentMax: 1_024,
  batchMaxCommands: 256,
  batchMaxTimers: 64,
  sliceMs: 10,
  idleUnloadMs: 60_000,
  emptyUnloadMs: 5_000,
  sweepMs: 500,
  snapshotTailPatches: 200,
  snapshotTailMinBytes: 16 * KIB,
  snapshotWritesMax: 4,
  appendSlowMs: 1_000,
  appendPatienceMs: 5_000,
  openPatienceMs: 5_000,
  logRetry: { initialMs: 50, factor: 2, capMs: 2_000, spread: 0.5 },
  reopen: { initialMs: 50, factor: 2, capMs: 5_000, spread: 0.5 },
  reattachGraceMs: 5_000,
  durableCopyMaxBytes: MIB,
  durableCopiesMaxBytes: 64 * MIB,
  runawaysMax: 10,
  runawayWindowMs: 60_000,
  quarantineMs: 60_000,
  dueScanMs: 1_000,
  dueScanLimit: 1_000,
  tableWaitMs: 1_000,
  tableWaitersMax: 4_096,
  // 10,000 documents in well under the two minutes that research/membership.md section 5.4 allows.
  handOverPerSecond: 200,
  handOverConcurrency: 16,
  handOverMaxMs: 5_000,
};
