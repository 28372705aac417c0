import type { DocumentName } from "@tidewire/foundation";

/**
 * The log: the only thing that must survive, and the judge of who may write a document.
 *
 * Guarantees every engine gives:
 * - when `append` resolves, the record is durable and every later `open` or `read` returns it;
 * - an append commits if and only if `epoch` is the newest epoch of the document and `expectedSeq` its head; otherwise it
 *   throws `fenced` (details `{epoch, seq}`: the newest ones) and nothing is written;
 * - repeating an append that did commit, byte for byte, resolves again and writes nothing (answers get lost), as long as
 *   it is the newest one of its document or a snapshot has not replaced it;
 * - `open` takes the next epoch, after which no append of an older epoch can commit, ever;
 * - records of one document are contiguous: each begins where the one before ended.
 *
 * Payloads are opaque. Sizes: payload at most `limits.recordMaxBytes`; larger ones are `limit_exceeded`.
 * A failed disk or connection is `unavailable`: the outcome of the write is then unknown until the next `open`.
 */
export interface LogEngine {
  open(document: DocumentName, owner: string): Promise<OpenedLog>;
  append(document: DocumentName, append: LogAppend): Promise<void>;
  /**
   * Stores the state at `seq`, which must be the end of a record (else `invalid_argument`). Patches up to it may then be
   * dropped. One that is not newer than what is stored, or is older than a deletion, changes nothing and resolves.
   */
  snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void>;
  /** The owner lets go: it will not write under this epoch again. Never fails on an epoch that is already past. */
  release(document: DocumentName, epoch: number): Promise<void>;
  /**
   * Records after `afterSeq`, oldest first, at most `limit` and possibly fewer; none means the head is reached. With a
   * snapshot first if those records are gone. Nothing for a document that is deleted or was never written.
   */
  read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead>;
  /** Documents of a space that exist, in key order, after `afterKey`. */
  list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]>;
  /** Documents whose `wakeAt` is before the given wall-clock time, earliest first. */
  due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]>;
  /**
   * Calls back, after the take-over is durable, when a document that `owner` held and did not release is opened by
   * someone else. Returns the unsubscribe function. What happens while nobody watches is not told later.
   */
  watchFenced(owner: string, listener: (document: DocumentName, epoch: number) => void): () => void;
  /** Waits for writes under way. What comes later is `unavailable`. */
  close(): Promise<void>;
}

export interface OpenedLog {
  readonly epoch: number;
  /** Head of the log; 0 if nothing was ever written. It goes on after a deletion. */
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly snapshot?: LogRecord;
  /** Records after the snapshot, oldest first. Empty for a deleted document. */
  readonly patches: readonly LogRecord[];
}

export interface LogRecord {
  /** The sequence number this record leads to. */
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface LogAppend {
  readonly epoch: number;
  readonly expectedSeq: number;
  /** Greater than `expectedSeq`. */
  readonly seq: number;
  readonly data: Uint8Array;
  /** Wall clock, ms: when the document's next durable timer is due. Absent: none is. */
  readonly wakeAt?: number;
  /** The document is gone with this record; its history may be dropped, its seq goes on. */
  readonly deletes?: boolean;
}

export interface LogSnapshotWrite {
  readonly epoch: number;
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface LogRead {
  readonly snapshot?: LogRecord;
  readonly patches: readonly LogRecord[];
}

export interface ListedDocument {
  readonly key: string;
  readonly seq: number;
}

export interface DueDocument {
  readonly document: DocumentName;
  readonly wakeAt: number;
}
