import { ServiceError } from "@tidewire/foundation";
import type { LogRead, LogRecord, OpenedLog } from "@tidewire/log-engine";
import { systemCode } from "./files/file-system.ts";
import type { ReadGate } from "./files/read-gate.ts";
import { DamagedRecord, type ReadRecord, type RecordReader } from "./files/record-reader.ts";
import { WAKE_AT_BYTES } from "./format/payloads.ts";
import { type RecordHeader, RecordType } from "./format/record.ts";
import { placesOf, type RecordPlaces } from "./format/record-places.ts";
import type { DocumentEntry, StoredSnapshot } from "./index/document-entry.ts";
import type { DocumentIndex } from "./index/document-index.ts";
import type { PatchList, PatchReference } from "./index/patch-list.ts";
import { failureReason, storageUnavailable } from "./wal/storage-failure.ts";

export interface DocumentReadsModules {
  readonly index: DocumentIndex;
  readonly reader: RecordReader;
  readonly gate: ReadGate;
  /** A record of the document turned out to be unreadable. */
  readonly damaged: (documentId: number, error: DamagedRecord) => void;
}

/** Which records answer a question, as of one moment. Their files stay until they are read. */
export interface CapturedRecords {
  readonly documentId: number;
  readonly snapshot: StoredSnapshot | undefined;
  readonly patches: PatchList;
  /** The only patch is the record of the deletion. */
  readonly isDeleted: boolean;
  readonly letGo: () => void;
}

/** Everything that is read back from disk for a caller. Only durable records are ever seen here. */
export class DocumentReads {
  readonly #modules: DocumentReadsModules;

  constructor(modules: DocumentReadsModules) {
    this.#modules = modules;
  }

  /** What `open` answers with. To be called at the moment in which the epoch has become durable. */
  captureOpened(entry: DocumentEntry): CapturedRecords {
    return this.#capture(entry, entry.snapshot, entry.patches.copy());
  }

  /** The snapshot and the patches after it that lead to this seq or less. */
  captureUpTo(entry: DocumentEntry, seq: number): CapturedRecords {
    const patches = entry.patches.copy(0, entry.isDeleted ? 0 : entry.patches.indexAfter(seq));
    return this.#capture(entry, entry.snapshot, patches);
  }

  captureAfter(entry: DocumentEntry, afterSeq: number, limit: number): CapturedRecords {
    const isGone = entry.snapshot !== undefined && entry.snapshot.seq > afterSeq;
    const from = entry.patches.indexAfter(afterSeq);
    return this.#capture(entry, isGone ? entry.snapshot : undefined, entry.patches.copy(from, from + limit));
  }

  async opened(head: Pick<OpenedLog, "epoch" | "seq" | "isDeleted">, captured: CapturedRecords): Promise<OpenedLog> {
    return { ...head, ...(await this.read(captured)) };
  }

  async read(captured: CapturedRecords): Promise<LogRead> {
    const { documentId, snapshot, patches, isDeleted, letGo } = captured;
    try {
      const read = (places: RecordPlaces): Promise<LogRecord[]> =>
        places.count === 0
          ? Promise.resolve([])
          : this.#guarded(documentId, () => this.#modules.reader.readAll(places, toLogRecord));
      const [state] = snapshot === undefined ? [] : await read(placesOf([snapshot]));
      const records = await read(patches);
      if (isDeleted) return { patches: [], ...(records[0] === undefined ? {} : { deletion: records[0] }) };
      return state === undefined ? { patches: records } : { snapshot: state, patches: records };
    } finally {
      letGo();
    }
  }

  /** The record a patch reference points to; `undefined` if it has gone meanwhile. */
  async readPatch(documentId: number, patch: PatchReference): Promise<ReadRecord> {
    const letGo = this.#modules.index.segments.hold(placesOf([patch]));
    try {
      return await this.#guarded(documentId, () => this.#modules.reader.read(patch));
    } finally {
      letGo();
    }
  }

  #capture(
    { id: documentId, isDeleted }: DocumentEntry,
    snapshot: StoredSnapshot | undefined,
    patches: PatchList,
  ): CapturedRecords {
    const letGo = this.#modules.index.segments.hold(patches, placesOf(snapshot === undefined ? [] : [snapshot]));
    return { documentId, snapshot, patches, isDeleted, letGo };
  }

  async #guarded<Result>(documentId: number, read: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#modules.gate.run(read);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (error instanceof DamagedRecord) {
        this.#modules.damaged(documentId, error);
        throw damagedError(error);
      }
      if (systemCode(error) === "") throw error;
      throw storageUnavailable(failureReason(error), error);
    }
  }
}

/** Part of the document's log is unreadable: no retry helps, and nobody may go on from an older state. */
export function damagedError(cause?: unknown): ServiceError {
  return new ServiceError("internal", "part of the document's log is unreadable", {
    details: { reason: "damaged" },
    cause,
  });
}

export function requireWhole(entry: DocumentEntry): void {
  if (entry.damage !== undefined) throw damagedError();
}

export function toLogRecord({ type, seq }: RecordHeader, payload: Buffer): LogRecord {
  const isTimed = type === RecordType.timedPatch || type === RecordType.copiedTimedPatch;
  return { seq, data: isTimed ? payload.subarray(WAKE_AT_BYTES) : payload };
}
