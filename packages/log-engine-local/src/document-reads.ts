import { ServiceError } from "@tidewire/foundation";
import type { LogRead, LogRecord, OpenedLog } from "@tidewire/log-engine";
import { systemCode } from "./files/file-system.ts";
import type { ReadGate } from "./files/read-gate.ts";
import { DamagedRecord, type ReadRecord, type RecordReader, type RecordReference } from "./files/record-reader.ts";
import { WAKE_AT_BYTES } from "./format/payloads.ts";
import { RecordType } from "./format/record.ts";
import type { DocumentEntry, StoredSnapshot } from "./index/document-entry.ts";
import type { DocumentIndex } from "./index/document-index.ts";
import type { PatchReference } from "./index/patch-list.ts";
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
  readonly patches: readonly PatchReference[];
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
    return this.#capture(entry, entry.snapshot, entry.patches.slice(0));
  }

  /** The snapshot and the patches after it that lead to this seq or less. */
  captureUpTo(entry: DocumentEntry, seq: number): CapturedRecords {
    const patches = entry.isDeleted ? [] : entry.patches.slice(0, entry.patches.indexAfter(seq));
    return this.#capture(entry, entry.snapshot, patches);
  }

  captureAfter(entry: DocumentEntry, afterSeq: number, limit: number): CapturedRecords {
    const isGone = entry.snapshot !== undefined && entry.snapshot.seq > afterSeq;
    const from = entry.patches.indexAfter(afterSeq);
    return this.#capture(entry, isGone ? entry.snapshot : undefined, entry.patches.slice(from, from + limit));
  }

  async opened(head: Pick<OpenedLog, "epoch" | "seq" | "isDeleted">, captured: CapturedRecords): Promise<OpenedLog> {
    return { ...head, ...(await this.read(captured)) };
  }

  async read(captured: CapturedRecords): Promise<LogRead> {
    const { documentId, snapshot, patches, isDeleted, letGo } = captured;
    try {
      const references = snapshot === undefined ? patches : [snapshot, ...patches];
      const records = references.length === 0 ? [] : await this.#readRecords(documentId, references);
      const logRecords = records.map(toLogRecord);
      if (isDeleted) return { patches: [], ...(logRecords[0] === undefined ? {} : { deletion: logRecords[0] }) };
      return snapshot === undefined
        ? { patches: logRecords }
        : { snapshot: logRecords[0] as LogRecord, patches: logRecords.slice(1) };
    } finally {
      letGo();
    }
  }

  /** The record a patch reference points to; `undefined` if it has gone meanwhile. */
  async readPatch(documentId: number, patch: PatchReference): Promise<ReadRecord> {
    const letGo = this.#modules.index.segments.hold([patch.location]);
    try {
      return (await this.#readRecords(documentId, [patch]))[0] as ReadRecord;
    } finally {
      letGo();
    }
  }

  #capture(
    { id: documentId, isDeleted }: DocumentEntry,
    snapshot: StoredSnapshot | undefined,
    patches: readonly PatchReference[],
  ): CapturedRecords {
    const locations = patches.map((patch) => patch.location);
    if (snapshot !== undefined) locations.push(snapshot.location);
    return { documentId, snapshot, patches, isDeleted, letGo: this.#modules.index.segments.hold(locations) };
  }

  async #readRecords(documentId: number, references: readonly RecordReference[]): Promise<ReadRecord[]> {
    try {
      return await this.#modules.gate.run(() => this.#modules.reader.readAll(references));
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

export function toLogRecord({ header, payload }: ReadRecord): LogRecord {
  const isTimed = header.type === RecordType.timedPatch || header.type === RecordType.copiedTimedPatch;
  return { seq: header.seq, data: isTimed ? payload.subarray(WAKE_AT_BYTES) : payload };
}
