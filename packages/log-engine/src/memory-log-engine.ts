import { type Clock, type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
import { copyOf, copyOfPart, ownBytes, sameBytes } from "./bytes.ts";
import { DocumentHistory } from "./document-history.ts";
import { compareNames, compareText } from "./document-order.ts";
import { FenceWatchers } from "./fence-watchers.ts";
import {
  argumentError,
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
  fencedError,
  missingError,
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
import { LogFaultPlan, type LogOperation } from "./log-fault-plan.ts";
import { defaultLogLimits, type LogLimits } from "./log-limits.ts";

interface StoredAppend extends LogAppend {
  readonly data: Uint8Array;
}

interface StoredDocument {
  readonly name: DocumentName;
  epoch: number;
  owner: string | undefined;
  seq: number;
  isDeleted: boolean;
  wakeAt: number | undefined;
  snapshot: LogRecord | undefined;
  /** After the snapshot, oldest first. */
  patches: StoredAppend[];
  /** Of a document that is deleted. */
  deletion: LogRecord | undefined;
  /** Kept apart from `patches`, so that its repetition is recognised after a snapshot or deletion too. */
  lastAppend: StoredAppend | undefined;
  readonly history: DocumentHistory;
}

/** Records that are kept of each document after a snapshot or deletion has replaced them. */
const HISTORY_RECORDS_MAX = 1_000;

/**
 * The reference: every guarantee of the port in the fewest lines, with nothing durable. For tests, simulation, and as the
 * model that the real engines are compared with. A snapshot drops the patches it covers at once from what `open` and `read`
 * return; `readAt` still knows them for a while. It knows times if it is given a clock.
 */
export class MemoryLogEngine implements LogEngine {
  readonly faults: LogFaultPlan;
  readonly #limits: LogLimits;
  readonly #documents = new Map<string, StoredDocument>();
  readonly #watchers = new FenceWatchers();
  readonly #clock: Pick<Clock, "wallMs"> | undefined;
  #isClosed = false;

  constructor(
    modules: { readonly faults?: LogFaultPlan; readonly clock?: Pick<Clock, "wallMs"> } = {},
    limits: Partial<LogLimits> = {},
  ) {
    this.faults = modules.faults ?? new LogFaultPlan();
    this.#clock = modules.clock;
    this.#limits = { ...defaultLogLimits, ...limits };
  }

  async open(document: DocumentName, owner: string, options: { readonly ifExists?: boolean } = {}): Promise<OpenedLog> {
    checkDocument(document);
    checkOwner(owner);
    return this.#run("open", () => {
      const known = this.#documents.get(documentPath(document));
      if (options.ifExists === true && !exists(known)) throw missingError(headOf(known));
      const stored = known ?? this.#create(document);
      stored.epoch++;
      if (stored.owner !== undefined && stored.owner !== owner) {
        this.#watchers.notify(stored.owner, stored.name, stored.epoch);
      }
      stored.owner = owner;
      return {
        epoch: stored.epoch,
        seq: stored.seq,
        isDeleted: stored.isDeleted,
        ...(stored.snapshot === undefined ? {} : { snapshot: copyOf(stored.snapshot) }),
        patches: stored.patches.map(copyOf),
        ...(stored.deletion === undefined ? {} : { deletion: copyOf(stored.deletion) }),
      };
    });
  }

  async append(document: DocumentName, append: LogAppend): Promise<void> {
    checkDocument(document);
    checkAppend(append, this.#limits);
    // Copied before the first wait: the caller may reuse its buffer.
    const kept: StoredAppend = { ...append, data: ownBytes(append.data) };
    await this.#run("append", () => {
      const stored = this.#documents.get(documentPath(document));
      if (stored === undefined) throw fencedError(0, 0);
      if (isRepetition(stored, kept)) return;
      if (kept.epoch !== stored.epoch || kept.expectedSeq !== stored.seq) throw fencedError(stored.epoch, stored.seq);
      const deletes = kept.deletes === true;
      stored.seq = kept.seq;
      stored.isDeleted = deletes;
      stored.wakeAt = deletes ? undefined : kept.wakeAt;
      stored.lastAppend = kept;
      stored.history.appended(kept, this.#clock?.wallMs() ?? 0);
      stored.deletion = deletes ? { seq: kept.seq, data: kept.data } : undefined;
      if (deletes) {
        stored.snapshot = undefined;
        stored.patches = [];
      } else {
        stored.patches.push(kept);
      }
    });
  }

  async snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    checkDocument(document);
    checkSnapshot(snapshot, this.#limits);
    const kept = copyOf(snapshot);
    await this.#run("snapshot", () => {
      const stored = this.#documents.get(documentPath(document));
      if (stored === undefined) throw fencedError(0, 0);
      if (snapshot.epoch !== stored.epoch) throw fencedError(stored.epoch, stored.seq);
      if (kept.seq > stored.seq) throw argumentError("seq", "the snapshot is ahead of the log");
      if (kept.seq <= baseSeqOf(stored)) return;
      if (!stored.patches.some((patch) => patch.seq === kept.seq)) {
        throw argumentError("seq", "the snapshot is not at the end of a record");
      }
      stored.snapshot = kept;
      stored.patches = stored.patches.filter((patch) => patch.seq > kept.seq);
      stored.history.snapshotTaken(kept);
    });
  }

  async release(document: DocumentName, epoch: number): Promise<void> {
    checkDocument(document);
    checkCount("epoch", epoch);
    await this.#run("release", () => {
      const stored = this.#documents.get(documentPath(document));
      if (stored?.epoch === epoch) stored.owner = undefined;
    });
  }

  async read(document: DocumentName, range: { readonly afterSeq: number; readonly limit: number }): Promise<LogRead> {
    checkDocument(document);
    checkCount("afterSeq", range.afterSeq);
    checkPage(range.limit, this.#limits);
    return this.#run("read", () => {
      const stored = this.#documents.get(documentPath(document));
      if (stored === undefined) return { patches: [] };
      const isGone = stored.snapshot !== undefined && stored.snapshot.seq > range.afterSeq;
      const { deletion } = stored;
      return {
        ...(isGone ? { snapshot: copyOf(stored.snapshot as LogRecord) } : {}),
        patches: stored.patches
          .filter((patch) => patch.seq > range.afterSeq)
          .slice(0, range.limit)
          .map(copyOf),
        ...(deletion !== undefined && deletion.seq > range.afterSeq ? { deletion: copyOf(deletion) } : {}),
      };
    });
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    checkDocument(document);
    checkMoment(moment);
    return this.#run("readAt", () => {
      if ("beforeMs" in moment && this.#clock === undefined) {
        throw new ServiceError("unsupported", "this log does not know when its records were written");
      }
      const stored = this.#documents.get(documentPath(document));
      return stored === undefined ? { seq: 0, isDeleted: false, patches: [] } : stored.history.readAt(moment);
    });
  }

  async heads(documents: readonly DocumentName[]): Promise<LogHead[]> {
    checkDocuments(documents, this.#limits);
    return this.#run("heads", () => documents.map((document) => headOf(this.#documents.get(documentPath(document)))));
  }

  async spaces(page: { readonly afterSpace?: string; readonly limit: number }): Promise<string[]> {
    checkAfterSpace(page.afterSpace);
    checkPage(page.limit, this.#limits);
    return this.#run("spaces", () => {
      const spaces = new Set<string>();
      for (const stored of this.#documents.values()) if (exists(stored)) spaces.add(stored.name.space);
      const { afterSpace } = page;
      const wanted = [...spaces].filter((space) => afterSpace === undefined || space > afterSpace);
      return wanted.sort(compareText).slice(0, page.limit);
    });
  }

  async list(space: string, page: { readonly afterKey?: string; readonly limit: number }): Promise<ListedDocument[]> {
    checkDocument({ space, key: page.afterKey ?? "any" });
    checkPage(page.limit, this.#limits);
    return this.#run("list", () =>
      [...this.#documents.values()]
        .filter((stored) => stored.name.space === space && exists(stored))
        .filter((stored) => page.afterKey === undefined || stored.name.key > page.afterKey)
        .sort((a, b) => compareText(a.name.key, b.name.key))
        .slice(0, page.limit)
        .map((stored) => ({ key: stored.name.key, seq: stored.seq })),
    );
  }

  async due(page: { readonly before: number; readonly limit: number }): Promise<DueDocument[]> {
    checkCount("before", page.before);
    checkPage(page.limit, this.#limits);
    return this.#run("due", () => {
      const due: DueDocument[] = [];
      for (const { name, wakeAt } of this.#documents.values()) {
        if (wakeAt !== undefined && wakeAt < page.before) due.push({ document: name, wakeAt });
      }
      due.sort((a, b) => a.wakeAt - b.wakeAt || compareNames(a.document, b.document));
      return due.slice(0, page.limit);
    });
  }

  async documents(page: { readonly after?: DocumentName; readonly limit: number }): Promise<KnownDocument[]> {
    if (page.after !== undefined) checkDocument(page.after);
    checkPage(page.limit, this.#limits);
    return this.#run("documents", () =>
      [...this.#documents.values()]
        .filter(({ name }) => page.after === undefined || compareNames(name, page.after) > 0)
        .sort((a, b) => compareNames(a.name, b.name))
        .slice(0, page.limit)
        .map((stored) => ({ document: stored.name, ...headOf(stored) })),
    );
  }

  async install(document: DocumentName, part: LogInstall): Promise<void> {
    checkDocument(document);
    checkInstall(part, this.#limits);
    const { patches, snapshot, deletion } = copyOfPart(part);
    await this.#run("install", () => {
      const stored = this.#documents.get(documentPath(document)) ?? this.#create(document);
      const head = patches.at(-1)?.seq ?? part.afterSeq;
      const isContinuation = part.replaces || part.afterSeq === stored.seq;
      if (part.epoch < stored.epoch || head < stored.seq || !isContinuation) {
        throw fencedError(stored.epoch, stored.seq);
      }
      stored.epoch = part.epoch;
      stored.owner = undefined;
      stored.lastAppend = undefined;
      if (part.replaces) {
        stored.seq = part.afterSeq;
        stored.isDeleted = part.isDeleted;
        stored.snapshot = snapshot;
        stored.deletion = deletion;
        stored.patches = [];
        stored.history.installed(part.afterSeq, snapshot, part.isDeleted);
      }
      if (part.replaces || patches.length > 0) stored.wakeAt = part.wakeAt;
      for (const { seq, data } of patches) {
        const append: StoredAppend = { epoch: part.epoch, expectedSeq: stored.seq, seq, data };
        stored.patches.push(append);
        stored.seq = seq;
        stored.isDeleted = false;
        stored.deletion = undefined;
        stored.history.appended(append, this.#clock?.wallMs() ?? 0);
      }
    });
  }

  watchFenced(owner: string, listener: (document: DocumentName, epoch: number) => void): () => void {
    checkOwner(owner);
    return this.#watchers.watch(owner, listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #run<Result>(operation: LogOperation, effect: () => Result): Promise<Result> {
    this.#requireOpen();
    return this.faults.run(operation, () => {
      this.#requireOpen();
      return effect();
    });
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
  }

  #create(name: DocumentName): StoredDocument {
    const stored: StoredDocument = {
      name: { space: name.space, key: name.key },
      epoch: 0,
      owner: undefined,
      seq: 0,
      isDeleted: false,
      wakeAt: undefined,
      snapshot: undefined,
      patches: [],
      deletion: undefined,
      lastAppend: undefined,
      history: new DocumentHistory(HISTORY_RECORDS_MAX),
    };
    this.#documents.set(documentPath(name), stored);
    return stored;
  }
}

function exists(stored: StoredDocument | undefined): boolean {
  return stored !== undefined && stored.seq > 0 && !stored.isDeleted;
}

function headOf(stored: StoredDocument | undefined): LogHead {
  if (stored === undefined) return { epoch: 0, seq: 0, isDeleted: false };
  const { epoch, seq, isDeleted, wakeAt } = stored;
  return { epoch, seq, isDeleted, ...(wakeAt === undefined ? {} : { wakeAt }) };
}

/** Where the kept history begins: at the snapshot, at the last deletion, or at 0. */
function baseSeqOf(stored: StoredDocument): number {
  if (stored.snapshot !== undefined) return stored.snapshot.seq;
  return stored.patches[0]?.expectedSeq ?? stored.seq;
}

function isRepetition(stored: StoredDocument, append: StoredAppend): boolean {
  const same = (kept: StoredAppend | undefined): boolean =>
    kept !== undefined &&
    kept.epoch === append.epoch &&
    kept.expectedSeq === append.expectedSeq &&
    kept.seq === append.seq &&
    kept.wakeAt === append.wakeAt &&
    (kept.deletes === true) === (append.deletes === true) &&
    sameBytes(kept.data, append.data);
  return same(stored.lastAppend) || same(stored.patches.find((patch) => patch.seq === append.seq));
}
