import type { DocumentName } from "@tidewire/foundation";
import type { FenceListener } from "./fence-watchers.ts";

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
  /**
   * With `ifExists`, a document that was never written or is deleted is `not_found` (details `{seq, isDeleted}`), and
   * nothing is written for it: reading made-up keys must not fill the log.
   */
  open(document: DocumentName, owner: string, options?: { readonly ifExists?: boolean }): Promise<OpenedLog>;
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
   * snapshot first if those records are gone. Of a deleted document there is its deletion at most, of one that was never
   * written nothing.
   */
  read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead>;
  /**
   * The state at an earlier moment: the newest snapshot kept at or before it and the patches from there up to it. A
   * moment between two records is the earlier one, one after the head is the head, one before the first record is seq 0.
   * `not_found` with details `{reason: "history"}` when the history kept does not reach back that far; `unsupported` for a
   * time in an engine that knows no times. From the newest snapshot on every seq can be read in every engine.
   */
  readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt>;
  /** Where documents stand, in the order asked for; epoch 0 and seq 0 for one that is not known. At most `pageMax`. */
  heads(documents: readonly DocumentName[]): Promise<LogHead[]>;
  /** Spaces in which documents exist, in order, after `afterSpace`. */
  spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]>;
  /** Documents of a space that exist, in key order, after `afterKey`. */
  list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]>;
  /** Documents whose `wakeAt` is before the given wall-clock time, earliest first. */
  due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]>;
  /**
   * Calls back, after the take-over is durable, when a document that `owner` held and did not release is opened by
   * someone else. Returns the unsubscribe function. What happens while nobody watches is not told later. `missed` is
   * called when something may not have been told: the heads of what the owner holds have to be asked for.
   */
  watchFenced(owner: string, listener: FenceListener, missed?: () => void): () => void;
  /**
   * Every document the log knows, also deleted ones and those that were only opened, by space and then key. For moving a
   * log elsewhere: with the epochs of all of them no former writer can ever commit there.
   */
  documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]>;
  /**
   * Installs part of a document from another log. `fenced` if something newer is stored: a greater epoch, or a head beyond
   * the one this leads to. Afterwards nobody owns the document. What fails or is interrupted may have taken effect up to
   * one of its records, or, with `replaces`, have left the document empty at `afterSeq`: install again.
   */
  install(document: DocumentName, part: LogInstall): Promise<void>;
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
  /**
   * The record that deleted the document: some of what it says outlives the document. Kept until the document is made
   * again or for a time, at least as long as a host remembers the outcomes of markers; then it is absent.
   */
  readonly deletion?: LogRecord;
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
  /** As in `OpenedLog`, if it is after the seq asked for; then there is nothing else. */
  readonly deletion?: LogRecord;
}

/** A seq, or a wall-clock time in ms: everything that was written before it. */
export type LogMoment = { readonly seq: number } | { readonly beforeMs: number };

export interface LogReadAt extends Omit<LogRead, "deletion"> {
  /** Of the state: where the last of the patches leads, or the snapshot, or 0. */
  readonly seq: number;
  /** The document was deleted at that moment; then there is neither snapshot nor patch. */
  readonly isDeleted: boolean;
}

export interface LogHead {
  readonly epoch: number;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly wakeAt?: number;
}

export interface KnownDocument extends LogHead {
  readonly document: DocumentName;
}

export interface LogInstall {
  /** The document's newest epoch over there. */
  readonly epoch: number;
  /** Where the patches begin. Without `replaces`, the head of what is stored (else `fenced`). */
  readonly afterSeq: number;
  /** What is stored is dropped: the history begins at `afterSeq`, with the snapshot or with nothing. */
  readonly replaces: boolean;
  /** The state at `afterSeq`; only with `replaces`. */
  readonly snapshot?: LogRecord;
  /** Oldest first. */
  readonly patches: readonly LogRecord[];
  /** As of the end of this part; without patches and without `replaces` the stored one stays. */
  readonly wakeAt?: number;
  /** Deleted at `afterSeq`; only with `replaces`, and with neither snapshot, patches nor `wakeAt`. */
  readonly isDeleted: boolean;
  /** The record that deleted it, at `afterSeq`; only with `isDeleted`. */
  readonly deletion?: LogRecord;
}

export interface ListedDocument {
  readonly key: string;
  readonly seq: number;
}

export interface DueDocument {
  readonly document: DocumentName;
  readonly wakeAt: number;
}
