import {
  type DecodedHeader,
  payloadHolds,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  readHeader,
  recordBytes,
} from "../format/record.ts";
import { StoreFormatError } from "../format/store-format-error.ts";

export type ScanStep =
  | { readonly kind: "record"; readonly offset: number; readonly header: DecodedHeader; readonly payload: Buffer }
  /** Bytes that were durable once and are unreadable now. With a header if it is beyond doubt which record it was. */
  | { readonly kind: "damage"; readonly offset: number; readonly end: number; readonly header?: DecodedHeader }
  /** What follows was never acknowledged: the last write did not get to the disk whole. */
  | { readonly kind: "torn"; readonly offset: number };

export interface ScanRange {
  readonly salt: number;
  readonly from: number;
  /** Where the segment ends. It may end before in the file, which is damage. */
  readonly end: number;
  /** The log may end before `end`, in a torn write. Otherwise everything up to `end` was synced once. */
  readonly mayBeTorn: boolean;
}

/** Safety nets that the tests take away one by one, to see that they are needed. */
export interface ScanChecks {
  readonly ignoresPayloadChecksum?: boolean;
  readonly ignoresSalt?: boolean;
}

/** Walks the records of one segment, given as the bytes of its file. */
export function* scanSegment(file: Buffer, range: ScanRange, checks: ScanChecks = {}): Generator<ScanStep> {
  const { end, mayBeTorn } = range;
  const salt = checks.ignoresSalt === true ? undefined : range.salt;
  const bytes = file.subarray(0, Math.min(end, file.length));
  let offset = range.from;
  while (offset < end) {
    const header = readHeader(bytes, offset, salt);
    if (header !== undefined && isWhole(bytes, offset, header, checks)) {
      if (!header.isKnown) throw new StoreFormatError(`record type ${header.type} is of a newer version; use that one`);
      const start = offset + RECORD_HEADER_BYTES;
      yield { kind: "record", offset, header, payload: bytes.subarray(start, start + header.length) };
      offset += recordBytes(header.length);
      continue;
    }
    if (mayBeTorn && !wasSynced(bytes, offset, salt)) {
      yield { kind: "torn", offset };
      return;
    }
    const known = header ?? headerWithoutOneFlip(bytes, offset, salt);
    const ownEnd = known === undefined ? Number.POSITIVE_INFINITY : offset + recordBytes(known.length);
    if (known !== undefined && ownEnd <= end) {
      yield { kind: "damage", offset, end: ownEnd, header: known };
      offset = ownEnd;
    } else {
      const next = nextRecord(bytes, offset + RECORD_ALIGNMENT, salt) ?? end;
      yield { kind: "damage", offset, end: next };
      offset = next;
    }
  }
}

/**
 * Whether the bytes at `offset` were durable once: a later batch was begun only after everything before it was synced, and
 * each record says where its batch begins.
 */
export function wasSynced(bytes: Buffer, offset: number, salt: number | undefined): boolean {
  let from = offset + RECORD_ALIGNMENT;
  for (let at = nextRecord(bytes, from, salt); at !== undefined; at = nextRecord(bytes, from, salt)) {
    const header = readHeader(bytes, at, salt) as DecodedHeader;
    if (header.batchStart > offset) return true;
    from = at + recordBytes(header.length);
  }
  return false;
}

function isWhole(bytes: Buffer, offset: number, header: DecodedHeader, checks: ScanChecks): boolean {
  if (checks.ignoresPayloadChecksum !== true) return payloadHolds(bytes, offset, header);
  return offset + RECORD_HEADER_BYTES + header.length <= bytes.length;
}

/** The next place at which a whole record stands. */
function nextRecord(bytes: Buffer, from: number, salt: number | undefined): number | undefined {
  for (let offset = from; offset + RECORD_HEADER_BYTES <= bytes.length; offset += RECORD_ALIGNMENT) {
    const header = readHeader(bytes, offset, salt);
    if (header !== undefined && payloadHolds(bytes, offset, header)) return offset;
  }
  return undefined;
}

/**
 * The commonest damage is a single flipped bit. If one of the 320 flips of a header makes its checksum and its salt right,
 * it is known whose record this was, and only that document needs to be isolated.
 */
function headerWithoutOneFlip(bytes: Buffer, offset: number, salt: number | undefined): DecodedHeader | undefined {
  if (offset + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const copy = Buffer.from(bytes.subarray(offset, offset + RECORD_HEADER_BYTES));
  for (let bit = 0; bit < RECORD_HEADER_BYTES * 8; bit++) {
    const mask = 1 << (bit & 7);
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ mask;
    const header = readHeader(copy, 0, salt);
    if (header !== undefined) return header;
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ mask;
  }
  return undefined;
}
