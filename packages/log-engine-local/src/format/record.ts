import { crc32 } from "node:zlib";
import { CRC_START, crcOfWord, headerCrc } from "./header-crc.ts";

/** The record of FORMAT.md section 3: a header of 40 bytes, the payload, zeros up to a multiple of 8. */
export const RECORD_HEADER_BYTES = 40;
export const RECORD_ALIGNMENT = 8;

/** Numbers are format: append-only. */
export const RecordType = {
  patch: 1,
  /** A patch whose payload begins with the time of the document's next timer. */
  timedPatch: 2,
  deletion: 3,
  epoch: 4,
  key: 5,
  snapshotReference: 6,
  relocation: 7,
  /** First in its segment: which segment came before, and where that one ends. */
  prior: 8,
  /** Last in its segment: everything before was synced when this was written. */
  closing: 9,
  /** The wall clock when its batch was begun: what a restore to a point in time goes by. */
  time: 10,
  /** The document begins here, with a snapshot or with nothing: it comes from another log. */
  base: 11,
  /** In snapshot segments only. */
  snapshot: 16,
  copiedPatch: 17,
  copiedTimedPatch: 18,
  copiedDeletion: 19,
} as const;
export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** The span of a snapshot from another log: it counts only where a base record refers to it. */
export const INSTALLED_SPAN = 1;

const knownTypes = new Uint8Array(256);
for (const type of Object.values(RecordType)) knownTypes[type] = 1;

export interface RecordHeader {
  readonly type: RecordType;
  /** 0: not about a document. */
  readonly documentId: number;
  /** The seq a patch or deletion leads to, a snapshot is of, or the head at the time of an epoch. */
  readonly seq: number;
  readonly epoch: number;
  /** By how much a patch or deletion moves the seq. */
  readonly span: number;
}

/** Where a record stands, which is part of it: a record found elsewhere is not valid there. */
export interface RecordPlace {
  /** Of the store and segment; see `segmentSalt`. */
  readonly salt: number;
  /** Offset of the first record of the batch it was written with; everything before was synced by then. */
  readonly batchStart: number;
}

export interface DecodedHeader extends RecordHeader {
  readonly length: number;
  readonly payloadCrc: number;
  readonly salt: number;
  readonly batchStart: number;
  /** Of a known type. An unknown one with a good checksum was written by a newer version. */
  readonly isKnown: boolean;
}

export type MutableHeader = { -readonly [Field in keyof DecodedHeader]: DecodedHeader[Field] };

/**
 * Ties a record to its segment and store, so that bytes which look like a record (left over in a recycled block, or a copy
 * of some log inside a document) are none.
 */
export function segmentSalt(storeId: string, segmentId: number): number {
  return crc32(`${storeId}/${segmentId}`);
}

/** Bytes a record with this payload takes, padding included. */
export function recordBytes(payloadLength: number): number {
  return (RECORD_HEADER_BYTES + payloadLength + RECORD_ALIGNMENT - 1) & ~(RECORD_ALIGNMENT - 1);
}

/** For `writeHeader`: word by word it takes 60 ns, and byte by byte 80. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Writes the header of a record whose payload already stands behind it (or follows elsewhere). There must be room. */
export function writeHeader(
  target: DataView,
  offset: number,
  header: RecordHeader,
  place: RecordPlace,
  payload: { readonly length: number; readonly crc: number },
): void {
  const { seq } = header;
  let crc = CRC_START;
  crc = crcOfWord(crc, putWord(target, offset + 4, payload.crc));
  crc = crcOfWord(crc, putWord(target, offset + 8, payload.length));
  crc = crcOfWord(crc, putWord(target, offset + 12, place.salt));
  crc = crcOfWord(crc, putWord(target, offset + 16, header.documentId));
  crc = crcOfWord(crc, putWord(target, offset + 20, place.batchStart / RECORD_ALIGNMENT));
  crc = crcOfWord(crc, putWord(target, offset + 24, seq % 2 ** 32));
  // 24 more bits of the seq, which has 53 at most, and the type in the byte above them.
  crc = crcOfWord(crc, putWord(target, offset + 28, Math.floor(seq / 2 ** 32) + header.type * 2 ** 24));
  crc = crcOfWord(crc, putWord(target, offset + 32, header.epoch));
  crc = crcOfWord(crc, putWord(target, offset + 36, header.span));
  target.setUint32(offset, ~crc >>> 0, true);
}

function putWord(target: DataView, at: number, value: number): number {
  if (value !== value >>> 0) throw new RangeError(`${value} does not fit 32 bits`);
  target.setUint32(at, value, true);
  return value;
}

/**
 * The header at `offset`, or `undefined` if none with this salt stands there. Looks at no byte behind the header. Without
 * a salt it may be the header of any segment: only the tests of that safety net want this.
 */
export function readHeader(source: Buffer, offset: number, salt: number | undefined): DecodedHeader | undefined {
  const header = emptyHeader();
  return readHeaderInto(header, source, offset, salt) ? header : undefined;
}

export function emptyHeader(): MutableHeader {
  return {
    type: RecordType.patch,
    isKnown: false,
    payloadCrc: 0,
    length: 0,
    salt: 0,
    documentId: 0,
    batchStart: 0,
    seq: 0,
    epoch: 0,
    span: 0,
  };
}

/** The same, for a walk over millions of records that makes no object for each; `false`: the target is as it was. */
export function readHeaderInto(
  target: MutableHeader,
  source: Buffer,
  offset: number,
  salt: number | undefined,
): boolean {
  if (offset + RECORD_HEADER_BYTES > source.length) return false;
  if (salt !== undefined && word(source, offset + 12) !== salt) return false;
  if (word(source, offset) !== headerCrc(source, offset + 4, offset + RECORD_HEADER_BYTES)) return false;
  const type = source[offset + 31]!;
  target.type = type as RecordType;
  target.isKnown = knownTypes[type] === 1;
  target.payloadCrc = word(source, offset + 4);
  target.length = word(source, offset + 8);
  target.salt = word(source, offset + 12);
  target.documentId = word(source, offset + 16);
  target.batchStart = word(source, offset + 20) * RECORD_ALIGNMENT;
  target.seq = word(source, offset + 24) + (word(source, offset + 28) & 0xff_ffff) * 2 ** 32;
  target.epoch = word(source, offset + 32);
  target.span = word(source, offset + 36);
  return true;
}

/** Whether a header at this place could be one with this salt; there must be room for it. */
export function hasSalt(source: Buffer, offset: number, salt: number): boolean {
  return word(source, offset + 12) === salt;
}

/** `readUInt32LE` without its checks. */
function word(source: Buffer, at: number): number {
  return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
}

export function payloadHolds(source: Buffer, offset: number, header: DecodedHeader): boolean {
  const start = offset + RECORD_HEADER_BYTES;
  if (start + header.length > source.length) return false;
  // A bare view: `subarray` takes longer than the checksum of a payload of some hundred bytes.
  const payload = new Uint8Array(source.buffer, source.byteOffset + start, header.length);
  return crc32(payload) === header.payloadCrc;
}
