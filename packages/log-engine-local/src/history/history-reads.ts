import { type DocumentName, ServiceError } from "@tidewire/foundation";
import { historyError, type LogMoment, type LogReadAt, type LogRecord } from "@tidewire/log-engine";
import { type DocumentReads, requireWhole, toLogRecord } from "../document-reads.ts";
import { systemCode } from "../files/file-system.ts";
import type { ReadGate } from "../files/read-gate.ts";
import { DamagedRecord, type RecordReader } from "../files/record-reader.ts";
import { placesOf, type RecordReference } from "../format/record-places.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import { failureReason, storageUnavailable } from "../wal/storage-failure.ts";
import { HISTORY_RECORDS_MAX, type HistoryQuery, HistoryTooLong } from "./history-scan.ts";
import { type PastState, pastState, type RecordedHistory } from "./recorded-history.ts";

export interface HistoryReadsModules {
  readonly index: DocumentIndex;
  readonly reads: DocumentReads;
  readonly reader: RecordReader;
  /** Few at a time: each reads through everything that is kept. */
  readonly gate: ReadGate;
  /** In another thread, where there is one. */
  readonly scan: (query: HistoryQuery) => Promise<RecordedHistory>;
}

/**
 * States of earlier moments. From the newest snapshot on the index knows the records; for what is behind it, the files
 * that still stand are looked through, and no more is held in memory than the answer.
 */
export class HistoryReads {
  readonly #modules: HistoryReadsModules;

  constructor(modules: HistoryReadsModules) {
    this.#modules = modules;
  }

  async readAt(document: DocumentName, moment: LogMoment): Promise<LogReadAt> {
    const entry = this.#modules.index.find(document);
    if (entry === undefined) return { seq: 0, isDeleted: false, patches: [] };
    requireWhole(entry);
    if ("seq" in moment && moment.seq >= entry.baseSeq) return this.#recent(entry, moment.seq);
    // As of now: what is written while the scan goes on does not count.
    const { id, seq, emptySeq } = entry;
    const { segments } = this.#modules.index;
    const query = { documentId: id, segments: segments.everything() };
    const letGo = segments.holdAll();
    try {
      return await this.#modules.gate.run(async () => {
        const state = pastState(await this.#modules.scan(query), { seq, emptySeq }, moment);
        if (state === undefined) throw historyError();
        return await this.#read(state);
      });
    } catch (error) {
      throw refusalOf(error);
    } finally {
      letGo();
    }
  }

  async #recent(entry: DocumentEntry, wanted: number): Promise<LogReadAt> {
    const { reads } = this.#modules;
    const { baseSeq, snapshot } = entry;
    const captured = reads.captureUpTo(entry, wanted);
    const seq = captured.patches.at(captured.patches.count - 1)?.seq ?? baseSeq;
    const isDeleted = snapshot === undefined && captured.patches.count === 0 && seq > 0;
    return { seq, isDeleted, ...(await reads.read(captured)) };
  }

  async #read({ seq, isDeleted, snapshot, patches }: PastState): Promise<LogReadAt> {
    const references: RecordReference[] = snapshot === undefined ? [...patches] : [snapshot, ...patches];
    const records = await this.#modules.reader.readAll(placesOf(references), toLogRecord);
    return snapshot === undefined
      ? { seq, isDeleted, patches: records }
      : { seq, isDeleted, snapshot: records[0] as LogRecord, patches: records.slice(1) };
  }
}

function refusalOf(error: unknown): unknown {
  // A record of the past that is damaged is gone; the document itself does not need it.
  if (error instanceof DamagedRecord) return historyError();
  if (error instanceof HistoryTooLong) {
    return new ServiceError("limit_exceeded", "the document has too many records in its history", {
      details: { limit: HISTORY_RECORDS_MAX, actual: HISTORY_RECORDS_MAX + 1 },
    });
  }
  if (error instanceof ServiceError || systemCode(error) === "") return error;
  return storageUnavailable(failureReason(error), error);
}
