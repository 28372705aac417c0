/** The payloads of the records that are not the caller's bytes. FORMAT.md section 4. */

export const WAKE_AT_BYTES = 8;
const TIME_BYTES = 8;
const PRIOR_BYTES = 16;

export interface SnapshotReference {
  /** Where the snapshot record stands; see `location.ts`. */
  readonly location: number;
  /** Bytes of the snapshot itself. */
  readonly length: number;
}

export interface PriorSegment {
  /** 0: this is the first segment of the store. */
  readonly segmentId: number;
  /** Where it ends. What stands behind was never acknowledged and does not count. */
  readonly endOffset: number;
}

/** Where what compaction has moved stands now. */
export interface MovedReference extends SnapshotReference {
  /** Where it stood. What has taken its place in the document meanwhile stands elsewhere, and stays where it is. */
  readonly from: number;
}

/** Where what is kept no longer stands. */
export const NOWHERE: SnapshotReference = { location: 0, length: 0 };

const REFERENCE_BYTES = 16;
const MOVED_BYTES = 24;

export function encodeReference({ location, length }: SnapshotReference): Buffer {
  return encodeNumbers(location, length);
}

export function encodeMoved({ location, length, from }: MovedReference): Buffer {
  return encodeNumbers(location, length, from);
}

/** `from` only of what was moved. */
export function decodeReference(payload: Buffer): (SnapshotReference & { readonly from?: number }) | undefined {
  if (payload.length !== REFERENCE_BYTES && payload.length !== MOVED_BYTES) return undefined;
  const reference = { location: readNumber(payload, 0), length: readNumber(payload, 8) };
  return payload.length === MOVED_BYTES ? { ...reference, from: readNumber(payload, 16) } : reference;
}

export function encodePrior(prior: PriorSegment): Buffer {
  return encodeNumbers(prior.segmentId, prior.endOffset);
}

export function decodePrior(payload: Buffer): PriorSegment | undefined {
  if (payload.length !== PRIOR_BYTES) return undefined;
  return { segmentId: readNumber(payload, 0), endOffset: readNumber(payload, 8) };
}

/** Where a document from another log begins. */
export interface DocumentBase {
  readonly snapshot?: SnapshotReference;
  readonly wakeAt?: number;
  readonly isDeleted: boolean;
}

const BASE_BYTES = 32;
const BaseFlag = { snapshot: 1, timer: 2, deleted: 4 } as const;

export function encodeBase({ snapshot, wakeAt, isDeleted }: DocumentBase): Buffer {
  const flags =
    (snapshot === undefined ? 0 : BaseFlag.snapshot) |
    (wakeAt === undefined ? 0 : BaseFlag.timer) |
    (isDeleted ? BaseFlag.deleted : 0);
  const numbers = [flags, snapshot?.location ?? 0, snapshot?.length ?? 0, wakeAt ?? 0];
  return encodeNumbers(...numbers);
}

export function decodeBase(payload: Buffer): DocumentBase | undefined {
  if (payload.length !== BASE_BYTES) return undefined;
  const [flags, location, length, wakeAt] = [0, 8, 16, 24].map((at) => Number(payload.readBigUInt64LE(at)));
  return {
    ...((flags! & BaseFlag.snapshot) === 0 ? {} : { snapshot: { location: location!, length: length! } }),
    ...((flags! & BaseFlag.timer) === 0 ? {} : { wakeAt: wakeAt! }),
    isDeleted: (flags! & BaseFlag.deleted) !== 0,
  };
}

export function encodeTime(wallMs: number): Buffer {
  const payload = Buffer.alloc(TIME_BYTES);
  payload.writeBigUInt64LE(BigInt(Math.max(0, Math.floor(wallMs))));
  return payload;
}

export function decodeTime(payload: Buffer): number | undefined {
  return payload.length === TIME_BYTES ? Number(payload.readBigUInt64LE(0)) : undefined;
}

function encodeNumbers(...numbers: readonly number[]): Buffer {
  const payload = Buffer.alloc(numbers.length * 8);
  for (const [index, number] of numbers.entries()) payload.writeBigUInt64LE(BigInt(number), index * 8);
  return payload;
}

/** A u64 as a number, without the detour over a bigint: a start reads one or two of them for every snapshot. */
function readNumber(payload: Buffer, at: number): number {
  return payload.readUInt32LE(at) + payload.readUInt32LE(at + 4) * 2 ** 32;
}
