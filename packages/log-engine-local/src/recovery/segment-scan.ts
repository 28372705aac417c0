import {
  type DecodedHeader,
  emptyHeader,
  hasSalt,
  payloadHolds,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  readHeader,
  readHeaderInto,
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
  const scan = new SegmentScan(file, range, checks);
  for (let kind = scan.next(); kind !== "end"; kind = scan.next()) {
    const { offset } = scan;
    if (kind === "record") yield { kind, offset, header: { ...scan.header }, payload: scan.payload };
    else if (kind === "torn") yield { kind, offset };
    else if (kind === "damage")
      yield { kind, offset, end: scan.end, ...(scan.damaged === undefined ? {} : { header: scan.damaged }) };
  }
}

/** `more`: the next record is not read yet; see `SegmentScan.readBytes`. */
export type ScanResult = ScanStep["kind"] | "more" | "end";

/** The walk itself, for those who look at millions of records: one object, whose fields say what the last step found. */
export class SegmentScan {
  /** Where the record, the damage or the tear begins, and where the record or the damage ends. */
  offset: number;
  end: number;
  /** Of the record; overwritten by the next one. */
  readonly header = emptyHeader();
  /** Of the damaged record, if it is beyond doubt which one it was. */
  damaged: DecodedHeader | undefined;
  /** How much of the file is in the buffer yet. What is behind is not looked at, and nothing is judged before all is there. */
  readBytes: number;
  readonly #bytes: Buffer;
  readonly #range: ScanRange;
  readonly #checks: ScanChecks;
  readonly #salt: number | undefined;
  #isTorn = false;

  constructor(file: Buffer, range: ScanRange, checks: ScanChecks = {}) {
    this.#range = range;
    this.#checks = checks;
    this.#salt = checks.ignoresSalt === true ? undefined : range.salt;
    this.#bytes = file.subarray(0, Math.min(range.end, file.length));
    this.readBytes = this.#bytes.length;
    this.offset = range.from;
    this.end = range.from;
  }

  /** A view, made when it is asked for. */
  get payload(): Buffer {
    const start = this.offset + RECORD_HEADER_BYTES;
    return this.#bytes.subarray(start, start + this.header.length);
  }

  /** After `more`, goes on where it stopped. */
  next(): ScanResult {
    this.offset = this.end;
    const { header, offset } = this;
    if (offset >= this.#range.end || this.#isTorn) return "end";
    const isPartly = this.readBytes < this.#bytes.length;
    if (isPartly && offset + RECORD_HEADER_BYTES > this.readBytes) return "more";
    const isHeader = readHeaderInto(header, this.#bytes, offset, this.#salt);
    if (isPartly && (!isHeader || offset + RECORD_HEADER_BYTES + header.length > this.readBytes)) return "more";
    if (!isHeader || !isWhole(this.#bytes, offset, header, this.#checks)) {
      if (isPartly) return "more";
      return this.#flaw(isHeader ? { ...header } : undefined);
    }
    if (!header.isKnown) throw new StoreFormatError(`record type ${header.type} is of a newer version; use that one`);
    this.end = offset + recordBytes(header.length);
    return "record";
  }

  #flaw(header: DecodedHeader | undefined): "torn" | "damage" {
    const { offset } = this;
    const bytes = this.#bytes;
    const { end, mayBeTorn } = this.#range;
    if (mayBeTorn && !wasSynced(bytes, offset, this.#salt)) {
      this.#isTorn = true;
      return "torn";
    }
    const known = header ?? headerWithoutOneFlip(bytes, offset, this.#salt);
    const ownEnd = known === undefined ? Number.POSITIVE_INFINITY : offset + recordBytes(known.length);
    const isKnown = known !== undefined && ownEnd <= end;
    this.damaged = isKnown ? known : undefined;
    this.end = isKnown ? ownEnd : (nextRecord(bytes, offset + RECORD_ALIGNMENT, this.#salt) ?? end);
    return "damage";
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

/**
 * How far records of this salt reach from `offset` on, whole or not, in a file that held others before. At least to
 * `offset`; a torn write of which no header is left is not seen.
 */
export function ownReach(bytes: Buffer, offset: number, salt: number): number {
  let reach = offset;
  for (
    let at = nextHeader(bytes, offset, salt);
    at !== undefined;
    at = nextHeader(bytes, at + RECORD_ALIGNMENT, salt)
  ) {
    const { length } = readHeader(bytes, at, salt) as DecodedHeader;
    reach = Math.min(bytes.length, Math.max(reach, at + recordBytes(length)));
  }
  return reach;
}

function isWhole(bytes: Buffer, offset: number, header: DecodedHeader, checks: ScanChecks): boolean {
  if (checks.ignoresPayloadChecksum !== true) return payloadHolds(bytes, offset, header);
  return offset + RECORD_HEADER_BYTES + header.length <= bytes.length;
}

/** The next place at which a whole record stands. */
function nextRecord(bytes: Buffer, from: number, salt: number | undefined): number | undefined {
  for (let at = nextHeader(bytes, from, salt); at !== undefined; at = nextHeader(bytes, at + RECORD_ALIGNMENT, salt)) {
    if (payloadHolds(bytes, at, readHeader(bytes, at, salt) as DecodedHeader)) return at;
  }
  return undefined;
}

/** The next place at which a header stands. A recycled file may have 60 MiB behind its end, all to be looked through. */
function nextHeader(bytes: Buffer, from: number, salt: number | undefined): number | undefined {
  for (let offset = from; offset + RECORD_HEADER_BYTES <= bytes.length; offset += RECORD_ALIGNMENT) {
    if (salt !== undefined && !hasSalt(bytes, offset, salt)) continue;
    if (readHeader(bytes, offset, salt) !== undefined) return offset;
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
