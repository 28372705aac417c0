import type { DocumentName } from "@tidewire/foundation";
import { readFully } from "../files/file-system.ts";
import {
  decodeBase,
  decodePrior,
  decodeReference,
  decodeTime,
  type PriorSegment,
  WAKE_AT_BYTES,
} from "../format/payloads.ts";
import { type DecodedHeader, RecordType, segmentSalt } from "../format/record.ts";
import { SEGMENT_HEADER_BYTES, type SegmentKind } from "../format/segment-header.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { Segment } from "../index/segment-table.ts";
import { type ScanStep, scanSegment } from "../recovery/segment-scan.ts";
import { type OfflineModules, type OfflineStore, openOffline } from "./offline-store.ts";

export interface DumpedRecord {
  readonly segment: { readonly id: number; readonly kind: SegmentKind };
  readonly offset: number;
  /** As in FORMAT.md, or what stands where no record can be read. */
  readonly type: keyof typeof RecordType | "damage" | "torn";
  readonly document?: DocumentName;
  readonly seq?: number;
  readonly epoch?: number;
  readonly owner?: string;
  readonly wakeAt?: number;
  /** Where a reference or relocation points to; `from`: where what has been moved stood. */
  readonly target?: { readonly location: number; readonly length: number; readonly from?: number };
  readonly prior?: PriorSegment;
  /** Of a base record. */
  readonly isDeleted?: boolean;
  /** Wall clock, ms, of a time record. */
  readonly wallMs?: number;
  /** The caller's bytes, of patches and snapshots. */
  readonly data?: Buffer;
}

export interface DumpFilter {
  /** Only records of this document. */
  readonly document?: DocumentName;
}

const typeNames = new Map(Object.entries(RecordType).map(([name, type]) => [type, name as keyof typeof RecordType]));

/** Every record in a data directory, segment by segment in the order of their ids. Offline, like `fsck`. */
export async function* dump(
  directory: string,
  filter: DumpFilter = {},
  modules: OfflineModules = {},
): AsyncGenerator<DumpedRecord> {
  const store = await openOffline(directory, modules);
  const { index } = store.recovered;
  const wanted = filter.document === undefined ? undefined : index.find(filter.document)?.id;
  try {
    if (filter.document !== undefined && wanted === undefined) return;
    const segments = [...index.segments.all("log"), ...index.segments.all("snapshots")].sort((a, b) => a.id - b.id);
    // One buffer for all segments: memory that comes and goes in such pieces is collected late.
    const buffer = { bytes: Buffer.alloc(0) };
    for (const segment of segments) {
      for (const step of await stepsOf(store, segment, buffer)) {
        if (wanted !== undefined && (step.kind === "torn" || step.header?.documentId !== wanted)) continue;
        yield { segment: { id: segment.id, kind: segment.kind }, ...described(step, index) };
      }
    }
  } finally {
    await store.lock.release();
  }
}

async function stepsOf(
  store: OfflineStore,
  { kind, id, sizeBytes }: Segment,
  buffer: { bytes: Buffer },
): Promise<Iterable<ScanStep>> {
  const { tornTail } = store.recovered;
  // What is behind counts for nothing, unless it was written to this segment.
  const wantedBytes = tornTail?.segmentId === id ? tornTail.fileBytes : sizeBytes;
  const file = await store.fileSystem.open(store.layout.segment(kind, id));
  try {
    const length = Math.min(wantedBytes, await file.size());
    if (buffer.bytes.length < length) buffer.bytes = Buffer.allocUnsafeSlow(length);
    const bytes = await readFully(file, 0, length, buffer.bytes);
    const salt = segmentSalt(store.storeId, id);
    return scanSegment(bytes, { salt, from: SEGMENT_HEADER_BYTES, end: bytes.length, mayBeTorn: true });
  } finally {
    await file.close();
  }
}

function described(step: ScanStep, index: DocumentIndex): Omit<DumpedRecord, "segment"> {
  if (step.kind === "torn") return { offset: step.offset, type: "torn" };
  const head = step.header === undefined ? {} : headOf(step.header, index);
  if (step.kind === "damage") return { offset: step.offset, type: "damage", ...head };
  const type = typeNames.get(step.header.type) ?? "damage";
  return { offset: step.offset, type, ...head, ...bodyOf(step.header.type, step.payload) };
}

function headOf(header: DecodedHeader, index: DocumentIndex): Partial<DumpedRecord> {
  if (header.documentId === 0) return {};
  const document = index.nameOf(header.documentId);
  return { ...(document === undefined ? {} : { document }), seq: header.seq, epoch: header.epoch };
}

function bodyOf(type: RecordType, payload: Buffer): Partial<DumpedRecord> {
  switch (type) {
    case RecordType.epoch:
      return { owner: payload.toString("utf8") };
    case RecordType.prior: {
      const prior = decodePrior(payload);
      return prior === undefined ? {} : { prior };
    }
    case RecordType.time: {
      const wallMs = decodeTime(payload);
      return wallMs === undefined ? {} : { wallMs };
    }
    case RecordType.base: {
      const { snapshot, ...base } = decodeBase(payload) ?? {};
      return { ...base, ...(snapshot === undefined ? {} : { target: snapshot }) };
    }
    case RecordType.snapshotReference:
    case RecordType.relocation: {
      const target = decodeReference(payload);
      return target === undefined ? {} : { target };
    }
    case RecordType.timedPatch:
    case RecordType.copiedTimedPatch:
      return { wakeAt: Number(payload.readBigUInt64LE(0)), data: Buffer.from(payload.subarray(WAKE_AT_BYTES)) };
    case RecordType.patch:
    case RecordType.copiedPatch:
    case RecordType.deletion:
    case RecordType.copiedDeletion:
    case RecordType.snapshot:
      // The buffer is used again for the next segment.
      return { data: Buffer.from(payload) };
    default:
      return {};
  }
}
