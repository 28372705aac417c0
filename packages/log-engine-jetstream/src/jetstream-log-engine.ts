import { type Clock, type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
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
  type FenceListener,
  type KnownDocument,
  type ListedDocument,
  type LogAppend,
  type LogEngine,
  type LogHead,
  type LogInstall,
  type LogLimits,
  type LogMoment,
  type LogRead,
  type LogReadAt,
  type LogSnapshotWrite,
  type OpenedLog,
  ownBytes,
} from "@tidewire/log-engine";
import type { Admission } from "./admission.ts";
import type { DocumentLocks } from "./document-locks.ts";
import type { DocumentWrites } from "./document-writes.ts";
import type { DueScan } from "./due-scan.ts";
import type { DueTimers } from "./due-timers.ts";
import type { Durability } from "./durability.ts";
import type { Fences } from "./fences.ts";
import type { History } from "./history.ts";
import type { Layout } from "./layout.ts";
import type { Listing } from "./listing.ts";
import type { JetStreamLogMetrics } from "./metrics.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Seal } from "./seal.ts";
import type { SnapshotWrites } from "./snapshot-writes.ts";
import type { StateCache } from "./state-cache.ts";
import type { TailReads } from "./tail-reads.ts";
import type { Trimmer } from "./trimmer.ts";

export interface JetStreamLogEngineModules {
  readonly link: NatsLink;
  readonly layout: Layout;
  readonly writes: DocumentWrites;
  readonly snapshotWrites: SnapshotWrites;
  readonly reads: TailReads;
  readonly history: History;
  readonly listing: Listing;
  readonly due: DueTimers;
  readonly dueScan: DueScan;
  readonly fences: Fences;
  readonly trimmer: Trimmer;
  readonly seal: Seal;
  readonly locks: DocumentLocks;
  readonly states: StateCache;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly metrics: JetStreamLogMetrics;
}

export interface JetStreamLogStatus {
  readonly isConnected: boolean;
  readonly server: { readonly name: string; readonly version: string };
  readonly durability: Durability;
  /** Why the gate refuses the server that is connected; writes and reads are `unavailable` meanwhile. */
  readonly problem?: string;
}

/**
 * The log in NATS JetStream.
 *
 * Each document has a subject in one of a few streams, and every append is one message on it. A message says which message
 * of its subject it follows, by stream sequence, and the stream refuses it unless that is the newest: this is the
 * compare-and-set, and all there is between two writers. To open a document is to write a message, too: it names the next
 * epoch and the owner, and because every append names the message before it, no append of an older epoch can come in
 * behind. Every message carries the whole head of the document (epoch, seq, owner, timer, history), so the last one
 * answers every question but that for the contents.
 *
 * This process keeps nothing that matters. What it remembers of a head only saves a question: if it is old, the stream
 * refuses the write, the head is read from the stream's leader, and then the write is made again or is fenced. An answer
 * that was lost leaves the outcome unknown; the same append again finds out. Any number of processes may do this at once.
 */
export class JetStreamLogEngine implements LogEngine {
  readonly #modules: JetStreamLogEngineModules;
  readonly #limits: LogLimits;
  readonly #durability: Durability;
  #isClosed = false;

  constructor(modules: JetStreamLogEngineModules, limits: LogLimits, durability: Durability) {
    this.#modules = modules;
    this.#limits = limits;
    this.#durability = durability;
  }

  /** Kept for all processes over the same streams. This engine itself does not refuse anything by it. */
  get seal(): Seal {
    return this.#modules.seal;
  }

  get status(): JetStreamLogStatus {
    const { link } = this.#modules;
    const { name, version } = link.server;
    const problem = link.problem === undefined ? {} : { problem: link.problem };
    return { isConnected: link.isConnected, server: { name, version }, durability: this.#durability, ...problem };
  }

  async open(document: DocumentName, owner: string, options: { readonly ifExists?: boolean } = {}): Promise<OpenedLog> {
    checkDocument(document);
    checkOwner(owner);
    return this.#write(document, 0, () => this.#modules.writes.open(document, owner, options.ifExists === true));
  }

  async append(document: DocumentName, append: LogAppend): Promise<void> {
    checkDocument(document);
    checkAppend(append, this.#limits);
    // Copied before the first wait: the caller may reuse its buffer.
    const kept = { ...append, data: ownBytes(append.data) };
    const { clock, metrics, writes } = this.#modules;
    const startedAt = clock.monotonicMs();
    await this.#write(document, kept.data.length, () => writes.append(document, kept));
    metrics.appendSeconds.observe((clock.monotonicMs() - startedAt) / 1_000);
  }

  async snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    checkDocument(document);
    checkSnapshot(snapshot, this.#limits);
    this.#requireOpen();
    const kept = { ...snapshot, data: ownBytes(snapshot.data) };
    // Without the document's lock: appends do not wait for a snapshot.
    const { admission, locks, snapshotWrites } = this.#modules;
    const path = `snapshot of ${documentPath(document)}`;
    await admission.run(kept.data.length, () => locks.run(path, () => snapshotWrites.write(document, kept)));
  }

  async release(document: DocumentName, epoch: number): Promise<void> {
    checkDocument(document);
    checkCount("epoch", epoch);
    await this.#write(document, 0, () => this.#modules.writes.release(document, epoch));
  }

  async read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    checkDocument(document);
    checkCount("afterSeq", range.afterSeq);
    checkPage(range.limit, this.#limits);
    this.#requireOpen();
    return this.#modules.reads.read(document, range.afterSeq, range.limit);
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    checkDocument(document);
    checkMoment(moment);
    this.#requireOpen();
    return this.#modules.history.readAt(this.#modules.layout.places(document), moment);
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    checkDocuments(documents, this.#limits);
    this.#requireOpen();
    return this.#modules.listing.heads(documents);
  }

  async spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    checkAfterSpace(page.afterSpace);
    checkPage(page.limit, this.#limits);
    this.#requireOpen();
    return this.#modules.listing.spaces(page.afterSpace, page.limit);
  }

  async list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    checkDocument({ space, key: page.afterKey ?? "any" });
    checkPage(page.limit, this.#limits);
    this.#requireOpen();
    return this.#modules.listing.list(space, page.afterKey, page.limit);
  }

  async due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    checkCount("before", page.before);
    checkPage(page.limit, this.#limits);
    this.#requireOpen();
    return this.#modules.dueScan.due(page.before, page.limit);
  }

  watchFenced(owner: string, listener: FenceListener, missed?: () => void): () => void {
    checkOwner(owner);
    return this.#modules.fences.watch(owner, listener, missed);
  }

  async documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    if (page.after !== undefined) checkDocument(page.after);
    checkPage(page.limit, this.#limits);
    this.#requireOpen();
    return this.#modules.listing.documents(page.after, page.limit);
  }

  async install(document: DocumentName, part: LogInstall): Promise<void> {
    checkDocument(document);
    checkInstall(part, this.#limits);
    const bytes = [part.snapshot, part.deletion, ...part.patches].reduce(
      (sum, record) => sum + (record?.data.length ?? 0),
      0,
    );
    // Copied before the first wait: the caller may reuse its buffers.
    const kept = copyOfPart(part);
    await this.#write(document, bytes, () => this.#modules.writes.install(document, kept));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { locks, due, trimmer, link } = this.#modules;
    await locks.idle();
    trimmer.stop();
    await due.stop();
    await link.close();
  }

  async #write<Result>(document: DocumentName, bytes: number, work: () => Promise<Result>): Promise<Result> {
    this.#requireOpen();
    const { admission, locks } = this.#modules;
    return admission.run(bytes, () => locks.run(documentPath(document), work));
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
    this.#modules.link.requireConnection();
  }
}
