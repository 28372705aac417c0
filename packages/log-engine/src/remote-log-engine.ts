import {
  Backoff,
  type BackoffOptions,
  type Clock,
  type DocumentName,
  documentName,
  type Random,
  ServiceError,
} from "@tidewire/foundation";
import type { LinkCaller } from "@tidewire/link";
import { LogService, LogTransferService } from "@tidewire/protocol-log";
import { copyOfPart } from "./bytes.ts";
import { type FenceListener, FenceWatchers } from "./fence-watchers.ts";
import { HeldEpochs } from "./held-epochs.ts";
import { piecesOf } from "./install-pieces.ts";
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
} from "./log-checks.ts";
import type {
  DueDocument,
  KnownDocument,
  ListedDocument,
  LogAppend,
  LogEngine,
  LogHead,
  LogInstall,
  LogMoment,
  LogRead,
  LogReadAt,
  LogRecord,
  LogSnapshotWrite,
  OpenedLog,
} from "./log-engine.ts";
import { defaultLogLimits, type LogLimits } from "./log-limits.ts";
import { RemoteFenceWatch } from "./remote-fence-watch.ts";

export interface RemoteLogEngineModules {
  /** A `PeerLink` to log storage: it connects and retries by itself. Not closed by this engine. */
  readonly link: LinkCaller;
  readonly clock: Clock;
  readonly random: Random;
}

const { methods } = LogService;
const transfer = LogTransferService.methods;

/** The link reconnects at its own pace; a watch only has to be there as soon as it has. */
const WATCH_BACKOFF: BackoffOptions = { initialMs: 50, factor: 2, capMs: 500, spread: 0.5 };
/** Documents asked about at one time: with the longest names half a megabyte. */
const HEADS_MAX = 1_000;
/** Asked for beyond twice as many records as the last answer had, when the rest of a document is read. */
const REST_MIN_RECORDS = 64;

/**
 * A log engine in another process. The guarantees are those of the engine there; what the link adds is that an answer can
 * be lost, which is `unavailable` or `timeout` and leaves the outcome unknown: repeat the same append, or open.
 */
export class RemoteLogEngine implements LogEngine {
  readonly #modules: RemoteLogEngineModules;
  readonly #limits: LogLimits;
  readonly #watchers = new FenceWatchers();
  readonly #watches = new Map<string, { readonly watch: RemoteFenceWatch; listeners: number }>();
  readonly #held = new HeldEpochs();
  readonly #shardCount: number;
  #isClosed = false;

  /**
   * @param limits refuse early what the engine over there would refuse; its own limits hold in any case.
   * @param shardCount into how many shards the caller divides the documents; a log storage that knows better refuses.
   */
  constructor(modules: RemoteLogEngineModules, limits: Partial<LogLimits> = {}, shardCount = 1) {
    this.#modules = modules;
    this.#shardCount = shardCount;
    this.#limits = { ...defaultLogLimits, ...limits };
  }

  async open(document: DocumentName, owner: string, options: { readonly ifExists?: boolean } = {}): Promise<OpenedLog> {
    this.#requireOpen();
    checkDocument(document);
    checkOwner(owner);
    const { space, key } = document;
    const ifExists = options.ifExists === true ? { ifExists: true } : {};
    const shardCount = this.#shardCount;
    const opened = await this.#modules.link.call(methods.open, { space, key, owner, shardCount, ...ifExists });
    const { epoch, seq, isDeleted, deletion } = opened;
    if (this.#watches.has(owner)) this.#held.opened(owner, document, epoch);
    const history = await this.#complete(document, seq, opened);
    return { epoch, seq, isDeleted, ...history, ...(deletion === undefined ? {} : { deletion }) };
  }

  async append(document: DocumentName, append: LogAppend): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkAppend(append, this.#limits);
    const { space, key } = document;
    const { epoch, expectedSeq, seq, wakeAt, data } = append;
    const deletes = append.deletes === true;
    await this.#modules.link.call(methods.append, { space, key, epoch, expectedSeq, seq, wakeAt, deletes, data });
  }

  async snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkSnapshot(snapshot, this.#limits);
    const { space, key } = document;
    const { epoch, seq, data } = snapshot;
    await this.#modules.link.call(methods.snapshot, { space, key, epoch, seq, data });
  }

  async release(document: DocumentName, epoch: number): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkCount("epoch", epoch);
    const { space, key } = document;
    this.#held.released(document, epoch);
    await this.#modules.link.call(methods.release, { space, key, epoch });
  }

  async read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    this.#requireOpen();
    checkDocument(document);
    checkCount("afterSeq", range.afterSeq);
    checkPage(range.limit, this.#limits);
    let read = await this.#readOnce(document, range);
    while (read.snapshot !== undefined && read.patches.length === 0) {
      // The snapshot may have filled the message: only an answer without one says that the head is reached.
      const { snapshot } = read;
      const more = await this.#readOnce(document, { ...range, afterSeq: snapshot.seq });
      if (more.snapshot === undefined && more.deletion === undefined) return { snapshot, patches: more.patches };
      // A newer snapshot has replaced what follows the first one, or the document has gone.
      read = more;
    }
    return read;
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    this.#requireOpen();
    checkDocument(document);
    checkMoment(moment);
    const { space, key } = document;
    const first = await this.#modules.link.call(methods.readAt, { space, key, ...moment });
    const { seq, isDeleted, snapshot } = first;
    const patches = [...first.patches];
    while (!isDeleted && (patches.at(-1)?.seq ?? snapshot?.seq ?? seq) < seq) {
      const afterSeq = patches.at(-1)?.seq ?? snapshot?.seq ?? 0;
      const more = await this.#modules.link.call(methods.readAt, { space, key, seq, afterSeq });
      if (more.patches.length === 0) throw new ServiceError("internal", "the log cut its own answer short");
      patches.push(...more.patches);
    }
    return { seq, isDeleted, ...(snapshot === undefined ? {} : { snapshot }), patches };
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    this.#requireOpen();
    checkDocuments(documents, this.#limits);
    const { heads } = await this.#modules.link.call(methods.heads, { documents });
    if (heads.length !== documents.length) throw new ServiceError("internal", "the log answered for other documents");
    return heads.map(headOf);
  }

  async spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    this.#requireOpen();
    checkAfterSpace(page.afterSpace);
    checkPage(page.limit, this.#limits);
    const { afterSpace, limit } = page;
    const { spaces } = await this.#modules.link.call(methods.spaces, { afterSpace, limit });
    return [...spaces];
  }

  async list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    this.#requireOpen();
    checkDocument({ space, key: page.afterKey ?? "any" });
    checkPage(page.limit, this.#limits);
    const { afterKey, limit } = page;
    const { documents } = await this.#modules.link.call(methods.list, { space, afterKey, limit });
    return [...documents];
  }

  async due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    this.#requireOpen();
    checkCount("before", page.before);
    checkPage(page.limit, this.#limits);
    const { documents } = await this.#modules.link.call(methods.due, { before: page.before, limit: page.limit });
    return documents.map(({ space, key, wakeAt }) => ({ document: documentName(space, key), wakeAt }));
  }

  async documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    this.#requireOpen();
    if (page.after !== undefined) checkDocument(page.after);
    checkPage(page.limit, this.#limits);
    const { after, limit } = page;
    const { documents } = await this.#modules.link.call(transfer.documents, { after, limit });
    return documents.map(({ space, key, head }) => ({ document: documentName(space, key), ...headOf(head) }));
  }

  /** In as many messages as it takes. */
  async install(document: DocumentName, part: LogInstall): Promise<void> {
    this.#requireOpen();
    checkDocument(document);
    checkInstall(part, this.#limits);
    const { space, key } = document;
    // The caller may reuse its buffers, and later pieces wait for earlier ones.
    for (const piece of piecesOf(copyOfPart(part)))
      await this.#modules.link.call(transfer.install, { space, key, ...piece });
  }

  watchFenced(owner: string, listener: FenceListener): () => void {
    checkOwner(owner);
    const stopListening = this.#watchers.watch(owner, listener);
    const watched = this.#watches.get(owner) ?? { watch: this.#startWatch(owner), listeners: 0 };
    this.#watches.set(owner, watched);
    watched.listeners++;
    let isStopped = false;
    return () => {
      if (isStopped) return;
      isStopped = true;
      stopListening();
      if (--watched.listeners > 0) return;
      watched.watch.stop();
      if (this.#watches.get(owner) !== watched) return;
      this.#watches.delete(owner);
      this.#held.forget(owner);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { watch } of this.#watches.values()) watch.stop();
    this.#watches.clear();
  }

  #startWatch(owner: string): RemoteFenceWatch {
    const { link, clock, random } = this.#modules;
    const modules = { link, clock, backoff: new Backoff(random, WATCH_BACKOFF) };
    return new RemoteFenceWatch(modules, owner, {
      fenced: (document, epoch) => {
        if (this.#held.lost(owner, document, epoch)) this.#watchers.notify(owner, document, epoch);
      },
      begun: (isWatching) => void this.#tellMissed(owner, isWatching),
    });
  }

  /** Asks what happened to the documents of an owner while nobody could tell it. */
  async #tellMissed(owner: string, isWatching: () => boolean): Promise<void> {
    for (const held of this.#held.chunks(owner, HEADS_MAX)) {
      let heads: readonly LogHead[];
      try {
        heads = await this.heads(held.map(({ document }) => document));
      } catch {
        // If the connection broke again, the next watch asks again. If not, the next write of each will tell.
        return;
      }
      if (!isWatching()) return;
      for (const [index, { document, epoch }] of held.entries()) {
        const newest = heads[index]!.epoch;
        if (newest > epoch && this.#held.lost(owner, document, newest)) this.#watchers.notify(owner, document, newest);
      }
    }
  }

  async #readOnce(
    document: DocumentName,
    range: { readonly afterSeq: number; readonly limit: number },
  ): Promise<LogRead> {
    const { space, key } = document;
    const { afterSeq, limit } = range;
    const read = await this.#modules.link.call(methods.read, { space, key, afterSeq, limit });
    const { snapshot, patches, deletion } = read;
    return {
      ...(snapshot === undefined ? {} : { snapshot }),
      patches,
      ...(deletion === undefined ? {} : { deletion }),
    };
  }

  /** Fetches the records that did not fit into the answer to `open`. Throws `unavailable` if they are there no more. */
  async #complete(
    document: DocumentName,
    head: number,
    opened: {
      readonly isDeleted: boolean;
      readonly snapshot?: LogRecord | undefined;
      readonly patches: readonly LogRecord[];
    },
  ): Promise<LogRead> {
    let { snapshot } = opened;
    let patches = [...opened.patches];
    let lastCount = patches.length;
    if (opened.isDeleted) return { patches };
    for (;;) {
      const reached = patches.at(-1)?.seq ?? snapshot?.seq ?? 0;
      if (reached >= head) break;
      // Over there as many are read from the disk, whether they fit into the answer or not.
      const limit = Math.min(this.#limits.pageMax, 2 * lastCount + REST_MIN_RECORDS);
      const more = await this.#readOnce(document, { afterSeq: reached, limit });
      lastCount = more.patches.length;
      if (more.snapshot === undefined && more.patches.length === 0) break;
      if (more.snapshot !== undefined) {
        // A newer owner has replaced the records meanwhile.
        snapshot = more.snapshot;
        patches = [];
      }
      patches.push(...more.patches);
    }
    // What came after the head is of a newer owner.
    const upToHead = patches.filter((patch) => patch.seq <= head);
    if ((upToHead.at(-1)?.seq ?? snapshot?.seq ?? 0) !== head) {
      throw new ServiceError(
        "unavailable",
        "the document went on under a newer owner while it was read: open it again",
      );
    }
    return snapshot === undefined ? { patches: upToHead } : { snapshot, patches: upToHead };
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
  }
}

function headOf(head: {
  readonly epoch: number;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly wakeAt?: number | undefined;
}): LogHead {
  const { epoch, seq, isDeleted, wakeAt } = head;
  return { epoch, seq, isDeleted, ...(wakeAt === undefined ? {} : { wakeAt }) };
}
