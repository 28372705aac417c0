import { crc32 } from "node:zlib";

/** One disk page, so that records of a recycled segment never share one with the header. */
export const SEGMENT_HEADER_BYTES = 4096;
export const FORMAT_VERSION = 2;

const MAGIC = "TIDEWLOG";
const CHECKED_BYTES = 60;
/** CRC-32 (IEEE). Another number would mean another checksum in the records. */
const CHECKSUM_CRC32 = 1;

export type SegmentKind = "log" | "snapshots";

export interface SegmentHeader {
  readonly kind: SegmentKind;
  readonly segmentId: number;
  /** 16 bytes in hex. */
  readonly storeId: string;
  /** Wall clock, ms. For people. */
  readonly createdAt: number;
  /** So long the file was when it was taken over from another segment: up to there its bytes may be older. 0: a new file. */
  readonly recycledBytes: number;
}

export type SegmentHeaderReading =
  | { readonly state: "good"; readonly header: SegmentHeader }
  | { readonly state: "unsupported"; readonly version: number }
  | { readonly state: "damaged" };

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  bytes.write(MAGIC, 0, "latin1");
  bytes.writeUInt16LE(FORMAT_VERSION, 8);
  bytes[10] = CHECKSUM_CRC32;
  bytes[11] = header.kind === "log" ? 1 : 2;
  bytes.writeBigUInt64LE(BigInt(header.segmentId), 16);
  bytes.write(header.storeId, 24, "hex");
  bytes.writeBigUInt64LE(BigInt(header.createdAt), 40);
  bytes.writeBigUInt64LE(BigInt(header.recycledBytes), 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
  return bytes;
}

export function decodeSegmentHeader(bytes: Buffer): SegmentHeaderReading {
  if (bytes.length < SEGMENT_HEADER_BYTES) return { state: "damaged" };
  if (bytes.readUInt32LE(CHECKED_BYTES) !== crc32(bytes.subarray(0, CHECKED_BYTES))) return { state: "damaged" };
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return { state: "damaged" };
  const version = bytes.readUInt16LE(8);
  if (version !== FORMAT_VERSION || bytes[10] !== CHECKSUM_CRC32) return { state: "unsupported", version };
  const header: SegmentHeader = {
    kind: bytes[11] === 1 ? "log" : "snapshots",
    segmentId: Number(bytes.readBigUInt64LE(16)),
    storeId: bytes.toString("hex", 24, 40),
    createdAt: Number(bytes.readBigUInt64LE(40)),
    recycledBytes: Number(bytes.readBigUInt64LE(48)),
  };
  return { state: "good", header };
}
