import { type DocumentName, ServiceError } from "@tidewire/foundation";
import { fencedError, type LogInstall } from "@tidewire/log-engine";
import { requireWhole } from "./document-reads.ts";
import { type DocumentWrites, type DocumentWritesModules, EPOCH_MAX } from "./document-writes.ts";
import { encodeBase } from "./format/payloads.ts";
import { INSTALLED_SPAN, RecordType } from "./format/record.ts";
import type { DocumentEntry } from "./index/document-entry.ts";
import { PendingWrites } from "./index/pending-writes.ts";
import type { KeptRecord } from "./snapshots/snapshot-store.ts";
import type { PlacedRecord, WalRecord } from "./wal/batch.ts";

const NO_BYTES = new Uint8Array(0);

/**
 * Documents that come from another log. A base record says where a document begins, in one record, so that it is there
 * as it was or as it is now; the patches behind it are records like any others.
 */
export class DocumentInstalls {
  readonly #modules: DocumentWritesModules;
  readonly #writes: DocumentWrites;

  constructor(modules: DocumentWritesModules, writes: DocumentWrites) {
    this.#modules = modules;
    this.#writes = writes;
  }

  /** The bytes must not change until it resolves. */
  async install(document: DocumentName, part: LogInstall): Promise<void> {
    if (part.epoch > EPOCH_MAX) throw new ServiceError("limit_exceeded", "the document has used all its epochs");
    const { index } = this.#modules;
    await this.#settled(document);
    judge(index.find(document), part);
    const kept = await this.#keepSnapshot(document, part);
    try {
      await this.#settled(document);
      // Looked up in the turn in which the records are queued: across anything that is waited for it may go to rest.
      const entry = index.find(document);
      judge(entry, part);
      await this.#log(entry ?? index.create(document), part, kept);
    } finally {
      if (kept !== undefined) this.#modules.commits.letGo(kept.letGo);
    }
  }

  /** Nothing is on its way for the document any more, as of the moment in which it resolves. */
  async #settled(document: DocumentName): Promise<void> {
    const pending = (): PendingWrites | undefined => this.#modules.index.find(document)?.pending;
    for (let last = pending(); last !== undefined; last = pending()) await last.last;
  }

  /** The snapshot is durable before anything refers to it. */
  async #keepSnapshot(document: DocumentName, part: LogInstall): Promise<KeptRecord | undefined> {
    const { index, snapshots } = this.#modules;
    const { snapshot, epoch } = part;
    if (snapshot === undefined) return undefined;
    const { id } = index.find(document) ?? index.create(document);
    const header = { type: RecordType.snapshot, documentId: id, seq: snapshot.seq, epoch, span: INSTALLED_SPAN };
    return snapshots.write(header, snapshot.data);
  }

  async #log(entry: DocumentEntry, part: LogInstall, kept: KeptRecord | undefined): Promise<void> {
    const { commits, index } = this.#modules;
    const { epoch, isDeleted, patches, deletion } = part;
    commits.check(patches.reduce((sum, patch) => sum + patch.data.length, deletion?.data.length ?? 0));
    this.#writes.logName(entry);
    const pending = (entry.pending ??= new PendingWrites(entry));
    // Where there is a record of the deletion, it leads from there to where the document is gone.
    const afterSeq = part.afterSeq - (deletion === undefined ? 0 : 1);
    const span = Math.max(0, afterSeq - entry.seq);
    const about = { documentId: entry.id, epoch, seq: afterSeq, span: 0 };
    const logged: Promise<void>[] = [];
    if (part.replaces) {
      const snapshot = kept === undefined ? {} : { snapshot: { location: kept.location, length: kept.length } };
      const timer = patches.length === 0 && part.wakeAt !== undefined ? { wakeAt: part.wakeAt } : {};
      const base = { isDeleted, ...snapshot, ...timer };
      const record = { ...about, type: RecordType.base, span, payload: encodeBase(base) };
      logged.push(this.#add(entry, pending, record, () => index.applyBase(entry, { epoch, seq: afterSeq, ...base })));
    } else {
      const record = { ...about, type: RecordType.epoch, payload: NO_BYTES };
      logged.push(this.#add(entry, pending, record, () => takeAway(entry, epoch)));
    }
    let from = afterSeq;
    const records = deletion === undefined ? patches : [deletion];
    for (const [at, { seq, data }] of records.entries()) {
      const wakeAt = at === patches.length - 1 ? part.wakeAt : undefined;
      const type = isDeleted ? RecordType.deletion : wakeAt === undefined ? RecordType.patch : RecordType.timedPatch;
      const patch = { type, epoch, seq, span: seq - from };
      const record = { ...patch, documentId: entry.id, payload: data, wakeAt };
      logged.push(
        this.#add(entry, pending, record, ({ location, length, payloadCrc }) =>
          index.applyAppend(entry, { ...patch, length, payloadCrc }, { location, wakeAt }),
        ),
      );
      from = seq;
    }
    pending.epoch = epoch;
    pending.seq = from;
    if (part.replaces || patches.length > 0) pending.isDeleted = isDeleted;
    await Promise.all(logged);
  }

  #add(
    entry: DocumentEntry,
    pending: PendingWrites,
    record: WalRecord,
    effect: (placed: PlacedRecord) => void,
  ): Promise<void> {
    const durable = new Promise<void>((resolve, reject) => {
      const placed = this.#modules.commits.addUnchecked(record, {
        commit: () => {
          pending.end();
          if (pending.isEmpty) entry.pending = undefined;
          effect(placed);
          resolve();
        },
        fail: (error) => {
          entry.pending = undefined;
          reject(error);
        },
      });
    });
    pending.begin(durable);
    return durable;
  }
}

/** Throws `fenced` if what is stored is newer, or is not what the part follows. */
function judge(entry: DocumentEntry | undefined, part: LogInstall): void {
  if (entry !== undefined) requireWhole(entry);
  const { epoch, seq } = entry ?? { epoch: 0, seq: 0 };
  const head = part.patches.at(-1)?.seq ?? part.afterSeq;
  const follows = part.replaces || part.afterSeq === seq;
  if (part.epoch < epoch || head < seq || !follows) throw fencedError(epoch, seq);
}

function takeAway(entry: DocumentEntry, epoch: number): void {
  entry.epoch = epoch;
  entry.owner = undefined;
  entry.lastAppend = undefined;
}
