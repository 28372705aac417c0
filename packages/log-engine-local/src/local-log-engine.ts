import { type Clock, type DocumentName, type Logger, ServiceError, type Timer } from "@tidewire/foundation";
import {
  checkAfterSpace,
  checkAppend,
  checkCount,
  checkDocument,
  checkDocuments,
  checkInstall,
  checkMoment,
  checkOwner,
  checkPage,
  checkSnapshot,
  copyOfPart,
  type DueDocument,
  type FenceWatchers,
  type KnownDocument,
  type ListedDocument,
  type LogAppend,
  type LogEngine,
  type LogHead,
  type LogInstall,
  type LogMoment,
  type LogRead,
  type LogReadAt,
  type LogSnapshotWrite,
  missingError,
  type OpenedLog,
} from "@tidewire/log-engine";
import type { Compactor } from "./compaction/compactor.ts";
import { DocumentInstalls } from "./document-installs.ts";
import { type DocumentReads, requireWhole } from "./document-reads.ts";
import { documentsOf, headOf } from "./document-survey.ts";
import type { DocumentWrites } from "./document-writes.ts";
import type { DirectoryLock } from "./files/file-system.ts";
import type { ReadGate } from "./files/read-gate.ts";
import type { RecordReader } from "./files/record-reader.ts";
import type { HistoryReads } from "./history/history-reads.ts";
import type { DocumentIndex } from "./index/document-index.ts";
import type { LocalLogMetrics } from "./metrics.ts";
import type { LocalLogOptions } from "./options.ts";
import type { LogProblem } from "./recovery/problem.ts";
import type { SnapshotStore } from "./snapshots/snapshot-store.ts";
import type { StoreFiles } from "./store-files.ts";
import type { GroupCommit } from "./wal/group-commit.ts";
import type { FailureReason } from "./wal/storage-failure.ts";

export interface LocalLogParts {
  readonly index: DocumentIndex;
  readonly commits: GroupCommit;
  readonly snapshots: SnapshotStore;
  readonly reads: DocumentReads;
  readonly writes: DocumentWrites;
  readonly reader: RecordReader;
  readonly gate: ReadGate;
  readonly history: HistoryReads;
  readonly historyGate: ReadGate;
  readonly compactor: Compactor;
  readonly watchers: FenceWatchers;
  readonly files: StoreFiles;
  readonly lock: DirectoryLock;
  readonly problems: readonly LogProblem[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LocalLogMetrics;
}

export interface LocalLogStatus {
  /** Absent while writes are taken. Reads go on either way. */
  readonly failure?: FailureReason;
  readonly documents: number;
  /** Documents that are isolated because part of their log is unreadable. */
  readonly damaged: readonly { readonly document: DocumentName; readonly damage: string }[];
}

/**
 * The log on a local disk, for all documents of one process.
 *
 * Every write goes to the end of one file, because a disk can make one file durable as cheaply for a thousand writers as
 * for one: what arrives while a write is under way goes with the next one, and all are answered together. Where the
 * records of each document stand is in memory, so that a write is judged without touching the disk. At start that index is
 * rebuilt from the newest checkpoint and the log after it.
 *
 * Snapshots stand in files of their own; only a short reference goes through the log. What the references have left behind
 * is removed in the background, at a pace that appends do not feel.
 *
 * If the disk fails, writes are refused with the reason, reads go on, and the log begins a new segment as soon as the disk
 * lets it. See FORMAT.md for the bytes.
 */
export class LocalLogEngine implements LogEngine {
  readonly #parts: LocalLogParts;
  readonly #options: LocalLogOptions;
  readonly #installs: DocumentInstalls;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #retry: Timer | undefined;

  constructor(parts: LocalLogParts, options: LocalLogOptions) {
    this.#parts = parts;
    this.#installs = new DocumentInstalls(parts, parts.writes);
    this.#options = options;
  }

  /** What was wrong with the data directory at start. */
  get problems(): readonly LogProblem[] {
    return this.#parts.problems;
  }

  /** The files behind it, for a backup. */
  get files(): StoreFiles {
    return this.#parts.files;
  }

  get status(): LocalLogStatus {
    const { index, commits } = this.#parts;
    const damaged = index.damaged().map(({ document, damage }) => ({ document, damage }));
    return {
      ...(commits.failure === undefined ? {} : { failure: commits.failure }),
      documents: index.count,
      damaged,
    };
  }

  async open(document: DocumentName, owner: string, options: { readonly ifExists?: boolean } = {}): Promise<OpenedLog> {
    this.#requireOpen();
    checkDocument(document);
    checkOwner(owner);
    if (options.ifExists === true) await this.#requireDocument(document);
    const { captured, ...head } = await this.#parts.writes.takeEpoch(document, owner);
    return this.#parts.reads.opened(head, captured);
  }

  append(document: DocumentName, append: LogAppend): Promise<void> {
    try {
      this.#requireOpen();
      checkAppend(append, this.#options.limits);
      // Checks the document, too.
      return this.#parts.writes.append(document, append);
    } catch (error) {
      // Not an async function: that would cost the commonest call two more turns of the microtask queue.
      return Promise.reject(ServiceError.from(error));
    }
  }

  async snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkSnapshot(snapshot, this.#options.limits);
    await this.#parts.writes.snapshot(document, snapshot);
  }

  async release(document: DocumentName, epoch: number): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkCount("epoch", epoch);
    this.#parts.writes.release(document, epoch);
  }

  async read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    this.#requireOpen();
    checkDocument(document);
    checkCount("afterSeq", range.afterSeq);
    checkPage(range.limit, this.#options.limits);
    const entry = this.#parts.index.find(document);
    if (entry === undefined) return { patches: [] };
    requireWhole(entry);
    const { reads } = this.#parts;
    return reads.read(reads.captureAfter(entry, range.afterSeq, range.limit));
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    this.#requireOpen();
    checkDocument(document);
    checkMoment(moment);
    return this.#parts.history.readAt(document, moment);
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    this.#requireOpen();
    checkDocuments(documents, this.#options.limits);
    return documents.map((document) => headOf(this.#parts.index.find(document)));
  }

  async spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    this.#requireOpen();
    checkAfterSpace(page.afterSpace);
    checkPage(page.limit, this.#options.limits);
    const { afterSpace, limit } = page;
    const spaces = this.#parts.index.spaces();
    return spaces.filter((space) => afterSpace === undefined || space > afterSpace).slice(0, limit);
  }

  async documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    this.#requireOpen();
    if (page.after !== undefined) checkDocument(page.after);
    checkPage(page.limit, this.#options.limits);
    return documentsOf(this.#parts.index, page);
  }

  async install(document: DocumentName, part: LogInstall): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkInstall(part, this.#options.limits);
    // The caller may reuse its buffers.
    await this.#installs.install(document, copyOfPart(part));
  }

  async list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    this.#requireOpen();
    checkDocument({ space, key: page.afterKey ?? "any" });
    checkPage(page.limit, this.#options.limits);
    const listed: ListedDocument[] = [];
    for (const each of this.#parts.index.listed(space, page.afterKey)) {
      if (listed.push(each) === page.limit) break;
    }
    return listed;
  }

  async due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    this.#requireOpen();
    checkCount("before", page.before);
    checkPage(page.limit, this.#options.limits);
    const due: DueDocument[] = [];
    for (const each of this.#parts.index.due()) {
      if (each.wakeAt >= page.before || due.push(each) === page.limit) break;
    }
    return due;
  }

  watchFenced(owner: string, listener: (document: DocumentName, epoch: number) => void): () => void {
    checkOwner(owner);
    return this.#parts.watchers.watch(owner, listener);
  }

  /** One round of background work now, instead of when it is due. For tests and tools. */
  compact(options: { readonly withCheckpoint?: boolean } = {}): Promise<void> {
    return this.#parts.compactor.round(options.withCheckpoint === true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Called when the log has stopped because of its disk: tries to go on until it can. */
  retryLater(reason: FailureReason, error: unknown): void {
    const { logger, metrics, clock } = this.#parts;
    logger.error({ reason, err: error }, "the log cannot be written to; writes are refused until it can");
    metrics.failures.add(1, { reason });
    metrics.isWritable.set(0);
    this.#retry?.cancel();
    this.#retry = clock.after(this.#options.retryMs, () => void this.#resume());
  }

  async #resume(): Promise<void> {
    const { commits, compactor, logger, metrics, clock } = this.#parts;
    if (this.#isClosed) return;
    try {
      if (commits.failure === "disk_full") await compactor.relieve();
      if (this.#isClosed) return;
      await commits.resume();
      metrics.isWritable.set(1);
      logger.info({}, "the log takes writes again");
    } catch (error) {
      logger.debug({ err: error }, "the log still cannot be written to");
      if (!this.#isClosed) this.#retry = clock.after(this.#options.retryMs, () => void this.#resume());
    }
  }

  async #close(): Promise<void> {
    const { compactor, snapshots, commits, gate, historyGate, reader, lock } = this.#parts;
    this.#isClosed = true;
    this.#retry?.cancel();
    await compactor.stop();
    await snapshots.close();
    await commits.close();
    await compactor.finalCheckpoint();
    await gate.drained();
    await historyGate.drained();
    await reader.close();
    await lock.release();
  }

  async #requireDocument(document: DocumentName): Promise<void> {
    const { index } = this.#parts;
    // What is being written counts as soon as it is durable.
    await index.find(document)?.pending?.last?.catch(() => {});
    const entry = index.find(document);
    if (entry?.exists !== true) throw missingError(headOf(entry));
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
  }
}
