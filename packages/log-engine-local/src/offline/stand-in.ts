import { crc32 } from "node:zlib";
import { encodePrior } from "../format/payloads.ts";
import {
  RECORD_HEADER_BYTES,
  type RecordHeader,
  RecordType,
  recordBytes,
  segmentSalt,
  viewOf,
  writeHeader,
} from "../format/record.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { LogContents, LogRange } from "./log-contents.ts";

export interface StandInPlace extends LogRange {
  /** Where the range ends in its segment. */
  readonly end: number;
  /** Nothing follows: something must prove that the flaw is no torn write, so the result is 40 bytes longer. */
  readonly isEndOfLog: boolean;
}

interface StandInRecord extends RecordHeader {
  readonly payload: Buffer;
  readonly isDamaged?: boolean;
}

const nothing = Buffer.alloc(0);

/**
 * Bytes to put where a range of the log is lost for good. A start then isolates exactly the documents whose records were
 * there, as if their payloads were damaged, and serves all others. Throws `RangeError` if the contents cannot have stood
 * in a range of this length.
 */
export function standIn(contents: LogContents, place: StandInPlace): Buffer {
  const bytes = Buffer.alloc(place.end - place.offset + (place.isEndOfLog ? RECORD_HEADER_BYTES : 0));
  const salt = segmentSalt(place.storeId, place.segmentId);
  let at = 0;
  const put = (record: StandInRecord): void => {
    const { payload } = record;
    if (at + recordBytes(payload.length) > bytes.length) throw new RangeError("the contents do not fit the range");
    payload.copy(bytes, at + RECORD_HEADER_BYTES);
    const crc = (crc32(payload) ^ (record.isDamaged === true ? 1 : 0)) >>> 0;
    writeHeader(viewOf(bytes), at, record, { salt, batchStart: place.offset + at }, { length: payload.length, crc });
    at += recordBytes(payload.length);
  };
  if (place.offset === 0) at = putSegmentHeader(bytes, place);
  const records = recordsOf(contents);
  const last = records.pop() ?? {
    type: RecordType.closing,
    documentId: 0,
    seq: 0,
    epoch: 0,
    span: 0,
    payload: nothing,
  };
  for (const record of records) put(record);
  // The last one takes all that is left, so that there is nothing unexplained in the range.
  const restBytes = place.end - place.offset - at - RECORD_HEADER_BYTES;
  if (restBytes < 0) throw new RangeError("the contents do not fit the range");
  put({ ...last, payload: Buffer.alloc(restBytes) });
  if (place.isEndOfLog) {
    put({ type: RecordType.closing, documentId: 0, seq: 0, epoch: 0, span: 0, payload: nothing });
  }
  return bytes;
}

/** The last one may have any payload. */
function recordsOf({ prior, names, changes, epochs }: LogContents): StandInRecord[] {
  const epochOf = new Map(epochs);
  const changed = new Set(changes.map(([id]) => id));
  const none = { documentId: 0, seq: 0, epoch: 0, span: 0 };
  const records: StandInRecord[] = [];
  if (prior !== undefined) records.push({ ...none, type: RecordType.prior, payload: encodePrior(prior) });
  for (const [documentId, path] of names) {
    records.push({ ...none, type: RecordType.key, documentId, payload: Buffer.from(path, "latin1") });
  }
  // Who held the document is lost; the epoch is what fences.
  for (const [documentId, epoch] of epochs) {
    if (changed.has(documentId)) continue;
    records.push({ ...none, type: RecordType.epoch, documentId, epoch, payload: nothing });
  }
  if (changes.length === 0) records.push({ ...none, type: RecordType.closing, payload: nothing });
  for (const [documentId, from, to] of changes) {
    const epoch = epochOf.get(documentId) ?? 0;
    records.push({
      type: RecordType.patch,
      documentId,
      seq: to,
      epoch,
      span: to - from,
      payload: nothing,
      isDamaged: true,
    });
  }
  return records;
}

function putSegmentHeader(bytes: Buffer, { storeId, segmentId }: StandInPlace): number {
  encodeSegmentHeader({ kind: "log", segmentId, storeId, createdAt: 0, recycledBytes: 0 }).copy(bytes);
  return SEGMENT_HEADER_BYTES;
}
