import { type ReadableFile, type ReadableFiles, readFully, systemCode } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import { locationOf } from "../format/location.ts";
import { type DocumentBase, decodeBase, decodePrior, decodeTime } from "../format/payloads.ts";
import {
  emptyHeader,
  INSTALLED_SPAN,
  type MutableHeader,
  payloadHolds,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeaderInto,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import { SEGMENT_HEADER_BYTES, type SegmentKind } from "../format/segment-header.ts";
import type { RecordedHistory, RecordedPatch } from "./recorded-history.ts";

/** Headers are looked for in pieces of this size; a payload that does not fit is stepped over. */
const WINDOW_BYTES = 1024 * 1024;
/** One document with more records than this is refused: they would all have to be held at one time. */
export const HISTORY_RECORDS_MAX = 200_000;

export interface HistoryModules {
  readonly fileSystem: ReadableFiles;
  readonly layout: StoreLayout;
  readonly storeId: string;
}

/** What to look through; the files must stay until the scan is done. */
export interface HistoryQuery {
  readonly documentId: number;
  readonly segments: readonly { readonly id: number; readonly kind: SegmentKind; readonly sizeBytes: number }[];
}

/**
 * Every record of one document that is still on the disk, needed or not, found by walking the headers of all segments:
 * memory holds nothing for it. What a failed write left behind the end of a segment is not looked at: the segment after
 * it says where it ends. Damaged records are passed over; whoever needs one finds it missing.
 */
export async function scanHistory(modules: HistoryModules, query: HistoryQuery): Promise<RecordedHistory> {
  const log = query.segments.filter(({ kind }) => kind === "log").sort((a, b) => a.id - b.id);
  const ends = new Map<number, number>();
  for (const { id } of log) {
    const prior = await readPrior(modules, id);
    if (prior !== undefined) ends.set(prior.segmentId, prior.endOffset);
  }
  const found: RecordedHistory = { patches: [], snapshots: [], firstTimeMs: undefined, begin: undefined };
  const walk = new HistoryWalk(found, query.documentId);
  for (const { id, sizeBytes } of log) {
    await walkSegment(modules, "log", id, Math.min(sizeBytes, ends.get(id) ?? sizeBytes), walk);
  }
  for (const { id, kind, sizeBytes } of query.segments) {
    if (kind === "snapshots") await walkSegment(modules, kind, id, sizeBytes, walk);
  }
  return found;
}

/** Sorts the headers that belong to the document, and keeps the time of the log. */
class HistoryWalk {
  readonly #found: RecordedHistory;
  readonly #documentId: number;
  #timeMs: number | undefined;

  constructor(found: RecordedHistory, documentId: number) {
    this.#found = found;
    this.#documentId = documentId;
  }

  time(wallMs: number): void {
    this.#timeMs = wallMs;
    this.#found.firstTimeMs ??= wallMs;
  }

  /** The document began anew, with what came from another log: nothing that was found before counts. */
  base(header: MutableHeader, base: DocumentBase | undefined): void {
    if (header.documentId !== this.#documentId || base === undefined) return;
    const { seq, epoch } = header;
    this.#found.patches.length = 0;
    const wallMs = this.#timeMs ?? 0;
    this.#found.begin = { seq, epoch, wallMs, isDeleted: base.isDeleted, snapshotLocation: base.snapshot?.location };
  }

  record(header: MutableHeader, location: number): void {
    if (header.documentId !== this.#documentId) return;
    const { type, seq, span, length, epoch } = header;
    const { begin } = this.#found;
    switch (type) {
      case RecordType.patch:
      case RecordType.timedPatch:
      case RecordType.deletion: {
        const wallMs = this.#timeMs === undefined ? {} : { wallMs: this.#timeMs };
        return this.#add({ seq, span, location, length, deletes: type === RecordType.deletion, ...wallMs });
      }
      case RecordType.copiedPatch:
      case RecordType.copiedTimedPatch:
      case RecordType.copiedDeletion:
        if (begin !== undefined && (epoch < begin.epoch || seq <= begin.seq)) return;
        return this.#add({ seq, span, location, length, deletes: type === RecordType.copiedDeletion });
      case RecordType.snapshot:
        if (!this.#isOwn(span, epoch) && location !== begin?.snapshotLocation) return;
        this.#found.snapshots.push({ seq, location, length });
        return;
      default:
    }
  }

  /** Written for this document by its owner, since it began here: owners come with an epoch after that of the base. */
  #isOwn(span: number, epoch: number): boolean {
    return span !== INSTALLED_SPAN && epoch > (this.#found.begin?.epoch ?? -1);
  }

  #add(patch: RecordedPatch): void {
    this.#found.patches.push(patch);
    if (this.#found.patches.length > HISTORY_RECORDS_MAX) throw new HistoryTooLong();
  }
}

export class HistoryTooLong extends Error {
  override readonly name = "HistoryTooLong";
}

async function walkSegment(
  modules: HistoryModules,
  kind: SegmentKind,
  id: number,
  end: number,
  walk: HistoryWalk,
): Promise<void> {
  const salt = segmentSalt(modules.storeId, id);
  const header = emptyHeader();
  const buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  await withSegment(modules, kind, id, async (file) => {
    let window: Buffer = buffer.subarray(0, 0);
    let windowStart = SEGMENT_HEADER_BYTES;
    for (let offset = SEGMENT_HEADER_BYTES; offset + RECORD_HEADER_BYTES <= end; ) {
      // With room for the payloads that are looked into: of time and base records.
      if (offset + RECORD_HEADER_BYTES + 32 > windowStart + window.length && windowStart + window.length < end) {
        window = await readFully(file, offset, Math.min(WINDOW_BYTES, end - offset), buffer);
        window = window.subarray(0, Math.min(window.length, end - offset));
        windowStart = offset;
      }
      const at = offset - windowStart;
      if (!readHeaderInto(header, window, at, salt)) {
        // Where the next record begins is unknown; records stand at multiples of 8.
        offset += 8;
        if (at + RECORD_HEADER_BYTES > window.length) return;
        continue;
      }
      if (header.type === RecordType.time && payloadHolds(window, at, header)) {
        const start = at + RECORD_HEADER_BYTES;
        walk.time(decodeTime(window.subarray(start, start + header.length)) ?? 0);
      }
      if (header.type === RecordType.base && payloadHolds(window, at, header)) {
        const start = at + RECORD_HEADER_BYTES;
        walk.base(header, decodeBase(window.subarray(start, start + header.length)));
      }
      walk.record(header, locationOf(id, offset));
      offset += recordBytes(header.length);
    }
  });
}

async function readPrior(
  modules: HistoryModules,
  id: number,
): Promise<{ readonly segmentId: number; readonly endOffset: number } | undefined> {
  const salt = segmentSalt(modules.storeId, id);
  const header = emptyHeader();
  return withSegment(modules, "log", id, async (file) => {
    const head = await readFully(file, SEGMENT_HEADER_BYTES, recordBytes(16));
    if (!readHeaderInto(header, head, 0, salt) || header.type !== RecordType.prior) return undefined;
    if (!payloadHolds(head, 0, header)) return undefined;
    return decodePrior(head.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + header.length));
  });
}

/** A file that is missing has no records. */
async function withSegment<Result>(
  modules: HistoryModules,
  kind: SegmentKind,
  id: number,
  use: (file: ReadableFile) => Promise<Result>,
): Promise<Result | undefined> {
  let file: ReadableFile;
  try {
    file = await modules.fileSystem.open(modules.layout.segment(kind, id));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
