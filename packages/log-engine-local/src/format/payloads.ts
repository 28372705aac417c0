/** The payloads of the records that are not the caller's bytes. FORMAT.md section 4. */

export const WAKE_AT_BYTES = 8;
const TIME_BYTES = 8;

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

/** Where what is kept no longer stands. */
export const NOWHERE: SnapshotReference = { location: 0, length: 0 };

export function encodeReference(reference: SnapshotReference): Buffer {
  return encodeNumbers(reference.location, reference.length);
}

export function decodeReference(payload: Buffer): SnapshotReference | undefined {
  const [location, length] = decodeNumbers(payload) ?? [];
  return location === undefined || length === undefined ? undefined : { location, length };
}

export function encodePrior(prior: PriorSegment): Buffer {
  return encodeNumbers(prior.segmentId, prior.endOffset);
}

export function decodePrior(payload: Buffer): PriorSegment | undefined {
  const [segmentId, endOffset] = decodeNumbers(payload) ?? [];
  return segmentId === undefined || endOffset === undefined ? undefined : { segmentId, endOffset };
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
  const payload = Buffer.alloc(BASE_BYTES);
  const flags =
    (snapshot === undefined ? 0 : BaseFlag.snapshot) |
    (wakeAt === undefined ? 0 : BaseFlag.timer) |
    (isDeleted ? BaseFlag.deleted : 0);
  const numbers = [flags, snapshot?.location ?? 0, snapshot?.length ?? 0, wakeAt ?? 0];
  for (const [index, number] of numbers.entries()) payload.writeBigUInt64LE(BigInt(number), index * 8);
  return payload;
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

function encodeNumbers(first: number, second: number): Buffer {
  const payload = Buffer.alloc(16);
  payload.writeBigUInt64LE(BigInt(first), 0);
  payload.writeBigUInt64LE(BigInt(second), 8);
  return payload;
}

function decodeNumbers(payload: Buffer): readonly [number, number] | undefined {
  if (payload.length !== 16) return undefined;
  return [readNumber(payload, 0), readNumber(payload, 8)];
}

/** A u64 as a number, without the detour over a bigint: a start reads one or two of them for every snapshot. */
function readNumber(payload: Buffer, at: number): number {
  return payload.readUInt32LE(at) + payload.readUInt32LE(at + 4) * 2 ** 32;
}
