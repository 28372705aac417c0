import { decodePrior, type PriorSegment } from "../format/payloads.ts";
import {
  type DecodedHeader,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeader,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";

/** What a range of a log segment says about which documents: enough to name whom its loss would touch. */
export interface LogContents {
  readonly prior?: PriorSegment;
  /** Rows `[document id, space/key]` of documents that begin here. */
  readonly names: readonly (readonly [id: number, path: string])[];
  /** Rows of documents whose state changes here, from one seq to another. */
  readonly changes: readonly (readonly [id: number, fromSeq: number, toSeq: number])[];
  /** The highest epoch of each document in the range. */
  readonly epochs: readonly (readonly [id: number, epoch: number])[];
}

export interface LogRange {
  readonly storeId: string;
  readonly segmentId: number;
  /** Where in the segment the bytes begin: 0, or the start of a record. */
  readonly offset: number;
}

const changing = new Set<RecordType>([RecordType.patch, RecordType.timedPatch, RecordType.deletion, RecordType.base]);

/** Walks the headers of the whole records in these bytes. `end`: where in the segment the last one of them ends. */
export function logContents(bytes: Buffer, range: LogRange): { readonly contents: LogContents; readonly end: number } {
  const salt = segmentSalt(range.storeId, range.segmentId);
  const names = new Map<number, string>();
  const changes = new Map<number, { readonly from: number; to: number }>();
  const epochs = new Map<number, number>();
  let prior: PriorSegment | undefined;
  let at = range.offset === 0 ? Math.min(bytes.length, SEGMENT_HEADER_BYTES) : 0;
  for (;;) {
    const header = readHeader(bytes, at, salt);
    if (header === undefined || at + recordBytes(header.length) > bytes.length) break;
    const { documentId, seq, span, epoch, type } = header;
    if (type === RecordType.prior) prior = decodePrior(payloadOf(bytes, at, header));
    if (type === RecordType.key) names.set(documentId, payloadOf(bytes, at, header).toString("latin1"));
    if (documentId > 0) epochs.set(documentId, Math.max(epoch, epochs.get(documentId) ?? 0));
    if (changing.has(type)) {
      const known = changes.get(documentId);
      if (known === undefined) changes.set(documentId, { from: seq - span, to: seq });
      else known.to = seq;
    }
    at += recordBytes(header.length);
  }
  const contents: LogContents = {
    ...(prior === undefined ? {} : { prior }),
    names: [...names],
    changes: [...changes].map(([id, { from, to }]) => [id, from, to]),
    epochs: [...epochs],
  };
  return { contents, end: range.offset + at };
}

function payloadOf(bytes: Buffer, at: number, header: DecodedHeader): Buffer {
  return bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + header.length);
}
