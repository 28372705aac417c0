import { crc32 } from "node:zlib";
import { type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
import {
  argumentError,
  checkDocument,
  type FenceWatchers,
  fencedError,
  type LogAppend,
  type LogSnapshotWrite,
} from "@tidewire/log-engine";
import { AppendUnderWay } from "./append-under-way.ts";
import { type CapturedRecords, type DocumentReads, requireWhole } from "./document-reads.ts";
import { encodeReference, WAKE_AT_BYTES } from "./format/payloads.ts";
import { RecordType } from "./format/record.ts";
import { type AppendIdentity, type DocumentEntry, sameAppend } from "./index/document-entry.ts";
import type { DocumentIndex } from "./index/document-index.ts";
import { PendingWrites } from "./index/pending-writes.ts";
import type { LocalLogMetrics } from "./metrics.ts";
import { isTakenAtOnce, type SnapshotStore } from "./snapshots/snapshot-store.ts";
import type { WalRecord } from "./wal/batch.ts";
import type { GroupCommit } from "./wal/group-commit.ts";

/** 32 bits in the header of a record. */
export const EPOCH_MAX = 2 ** 32 - 1;
const NO_BYTES = new Uint8Array(0);

export interface DocumentWritesModules {
  readonly index: DocumentIndex;
  readonly commits: GroupCommit;
  readonly snapshots: SnapshotStore;
  readonly reads: DocumentReads;
  readonly watchers: FenceWatchers;
  readonly metrics: LocalLogMetrics;
}

export interface TakenEpoch {
  readonly epoch: number;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly captured: CapturedRecords;
}

/**
 * Decides who may write what. A write is judged in the moment it comes, by where the document will be when everything
 * queued before it is durable; it is answered when it is durable itself. A refusal, too, waits for what it is based on.
 */
export class DocumentWrites {
  readonly #modules: DocumentWritesModules;

  constructor(modules: DocumentWritesModules) {
    this.#modules = modules;
  }

  /** Resolves when the next epoch is durable, with the document as of that moment. */
  takeEpoch(document: DocumentName, owner: string): Promise<TakenEpoch> {
    const { index, commits, reads, watchers } = this.#modules;
    const known = index.find(document);
    if (known !== undefined) requireWhole(known);
    const payload = Buffer.from(owner);
    commits.check(payload.length);
    const entry = known ?? index.create(document);
    const epoch = (entry.pending ?? entry).epoch + 1;
    if (epoch > EPOCH_MAX) throw new ServiceError("limit_exceeded", "the document has used all its epochs");
    this.logName(entry);
    const pending = (entry.pending ??= new PendingWrites(entry));
    pending.epoch = epoch;
    const record = { type: RecordType.epoch, documentId: entry.id, seq: pending.seq, epoch, span: 0, payload };
    const taken = this.#logged(entry, pending, record, () => {
      const formerOwner = entry.owner;
      entry.epoch = epoch;
      entry.owner = owner;
      if (formerOwner !== undefined && formerOwner !== owner) watchers.notify(formerOwner, entry.name, epoch);
      return { epoch, seq: entry.seq, isDeleted: entry.isDeleted, captured: reads.captureOpened(entry) };
    });
    pending.begin(taken);
    return taken;
  }

  /** Lets go of an epoch; not waited for, because nothing depends on it but a message less. */
  release(document: DocumentName, epoch: number): void {
    const { index, commits } = this.#modules;
    const entry = index.find(document);
    if (entry === undefined || entry.epoch !== epoch || entry.owner === undefined) return;
    entry.owner = undefined;
    if (entry.pending !== undefined || commits.failure !== undefined) return;
    const record = { type: RecordType.epoch, documentId: entry.id, seq: entry.seq, epoch, span: 0, payload: NO_BYTES };
    commits.addUnchecked(record);
  }

  append(document: DocumentName, append: LogAppend): Promise<void> {
    const entry = this.#modules.index.findActive(document) ?? this.#findAtRest(document);
    if (entry === undefined) throw this.#fenced(0, 0);
    requireWhole(entry);
    const head = entry.pending ?? entry;
    if (append.epoch === head.epoch && append.expectedSeq === head.seq) return this.#write(entry, append);
    return this.#recognise(document, entry, append);
  }

  /** The name is checked here: one that is found among the active ones is well formed, and looking closer takes longer. */
  #findAtRest(document: DocumentName): DocumentEntry | undefined {
    checkDocument(document);
    return this.#modules.index.find(document);
  }

  async snapshot(document: DocumentName, snapshot: LogSnapshotWrite): Promise<void> {
    const { index, snapshots, commits } = this.#modules;
    // What is left of a full disk is for what makes room.
    commits.requireRunning();
    const { epoch, seq } = snapshot;
    const known = index.find(document);
    const waits = known?.pending !== undefined;
    // The caller may reuse the bytes. Mostly they are copied to where they are written from before this returns; where
    // not, it is no `slice`, which would leave a `Buffer` in place.
    const data = waits || !isTakenAtOnce(snapshot.data) ? new Uint8Array(snapshot.data) : snapshot.data;
    const entry = waits ? await this.settled(document) : known;
    if (entry === undefined) throw this.#fenced(0, 0);
    requireWhole(entry);
    if (epoch !== entry.epoch) throw this.#fenced(entry.epoch, entry.seq);
    if (seq > entry.seq) throw argumentError("seq", "the snapshot is ahead of the log");
    if (seq <= entry.baseSeq) return;
    if (!entry.isBoundary(seq)) throw argumentError("seq", "the snapshot is not at the end of a record");

    const header = { type: RecordType.snapshot, documentId: entry.id, seq, epoch, span: 0 };
    const kept = await snapshots.write(header, data);
    try {
      await this.#refer(document, { epoch, seq, location: kept.location, length: kept.length });
    } finally {
      commits.letGo(kept.letGo);
    }
  }

  /** Points the document to its new snapshot, unless someone else has taken the document meanwhile. */
  async #refer(
    document: DocumentName,
    snapshot: { readonly epoch: number; readonly seq: number; readonly location: number; readonly length: number },
  ): Promise<void> {
    const { commits, index, metrics } = this.#modules;
    const { epoch, seq, location, length } = snapshot;
    const entry = index.find(document) as DocumentEntry;
    if (epoch !== (entry.pending ?? entry).epoch) {
      const settled = (await this.settled(document)) as DocumentEntry;
      throw this.#fenced(settled.epoch, settled.seq);
    }
    requireWhole(entry);
    const payload = encodeReference({ location, length });
    commits.check(payload.length);
    const pending = (entry.pending ??= new PendingWrites(entry));
    const record = { type: RecordType.snapshotReference, documentId: entry.id, seq, epoch, span: 0, payload };
    const referred = this.#logged(entry, pending, record, () => {
      // Deleted, or overtaken by a newer one. Another one of this seq gives way: a start takes the last that the log names.
      if (seq <= entry.baseSeq && seq !== entry.snapshot?.seq) return;
      index.applySnapshot(entry, seq, { location, length });
      metrics.snapshots.add();
    });
    pending.begin(referred);
    await referred;
  }

  #write(entry: DocumentEntry, append: LogAppend): Promise<void> {
    const { commits, index } = this.#modules;
    const { epoch, seq, data } = append;
    commits.check(data.length);
    const pending = (entry.pending ??= new PendingWrites(entry));
    const type = typeOf(append);
    const wakeAt = type === RecordType.timedPatch ? append.wakeAt : undefined;
    const underWay = new AppendUnderWay(index, entry, { type, epoch, seq, span: seq - append.expectedSeq, wakeAt });
    commits.addAppend(underWay, data);
    pending.seq = seq;
    pending.isDeleted = type === RecordType.deletion;
    pending.beginAppend(underWay);
    return underWay.settled;
  }

  /** It does not fit: either it did already commit and its answer was lost, or its writer has lost the document. */
  async #recognise(document: DocumentName, entry: DocumentEntry, append: LogAppend): Promise<void> {
    const identity = identityOf(append);
    const underWay = entry.pending?.appendTo(append.seq);
    if (underWay !== undefined && sameAppend(underWay.identity, identity)) return underWay.settled;
    const settled = (await this.settled(document)) as DocumentEntry;
    requireWhole(settled);
    const { epoch, seq } = settled;
    if (await this.#isStored(settled, append, identity)) return;
    throw this.#fenced(epoch, seq);
  }

  /** The document when the writes that are queued for it now are durable. It may go to rest in any later turn. */
  async settled(document: DocumentName): Promise<DocumentEntry | undefined> {
    const { index } = this.#modules;
    const entry = index.find(document);
    if (entry?.pending === undefined) return entry;
    await entry.pending.last;
    return index.find(document);
  }

  async #isStored(entry: DocumentEntry, append: LogAppend, identity: AppendIdentity): Promise<boolean> {
    const isNewest = entry.lastAppend !== undefined && sameAppend(entry.lastAppend, identity);
    const patch = entry.isDeleted ? undefined : entry.patches.find(append.seq);
    if (patch === undefined) return isNewest;
    if (patch.length !== identity.length) return false;
    const { header, payload } = await this.#modules.reads.readPatch(entry.id, patch);
    const prefix = payload.length - append.data.length;
    return (
      header.epoch === identity.epoch &&
      header.span === identity.span &&
      header.payloadCrc === identity.payloadCrc &&
      Buffer.compare(payload.subarray(prefix), append.data) === 0
    );
  }

  /** Ties the id to the name, once, in front of the first record that needs it. */
  logName(entry: DocumentEntry): void {
    if (entry.isNameLogged) return;
    entry.isNameLogged = true;
    const payload = Buffer.from(documentPath(entry.name), "latin1");
    const record = { type: RecordType.key, documentId: entry.id, seq: 0, epoch: 0, span: 0, payload };
    this.#modules.commits.addUnchecked(record, {
      commit: () => {},
      fail: () => {
        entry.isNameLogged = false;
      },
    });
  }

  /** Queues a record that is no append; `effect` runs when it is durable. */
  #logged<Result>(
    entry: DocumentEntry,
    pending: PendingWrites,
    record: WalRecord,
    effect: () => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#modules.commits.addUnchecked(record, {
        commit: () => {
          pending.end();
          if (pending.isEmpty) entry.pending = undefined;
          resolve(effect());
        },
        fail: (error) => {
          entry.pending = undefined;
          reject(error);
        },
      });
    });
  }

  #fenced(epoch: number, seq: number): ServiceError {
    this.#modules.metrics.fenced.add();
    return fencedError(epoch, seq);
  }
}

function typeOf(append: LogAppend): RecordType {
  if (append.deletes === true) return RecordType.deletion;
  return append.wakeAt === undefined ? RecordType.patch : RecordType.timedPatch;
}

function identityOf(append: LogAppend): AppendIdentity {
  const type = typeOf(append);
  const prefix = Buffer.alloc(type === RecordType.timedPatch ? WAKE_AT_BYTES : 0);
  if (type === RecordType.timedPatch) prefix.writeBigUInt64LE(BigInt(append.wakeAt ?? 0));
  return {
    type,
    epoch: append.epoch,
    seq: append.seq,
    span: append.seq - append.expectedSeq,
    length: prefix.length + append.data.length,
    payloadCrc: crc32(append.data, crc32(prefix)),
  };
}
