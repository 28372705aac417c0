import { DamagedRecord, type ReadRecord, type RecordReader } from "../files/record-reader.ts";
import { locationOf } from "../format/location.ts";
import { encodeMoved } from "../format/payloads.ts";
import {
  type DecodedHeader,
  emptyHeader,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeaderInto,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { Segment } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import type { KeptRecord, SnapshotStore } from "../snapshots/snapshot-store.ts";
import type { GroupCommit } from "../wal/group-commit.ts";
import { type Pace, PIECE_BYTES } from "./pace.ts";

/** Records that are moved at one time: they share syncs, and their bytes are in memory. */
const GROUP_RECORDS = 256;
const GROUP_BYTES = PIECE_BYTES;
/** Of a group at one time, where it costs this thread something: 512 at once kept appends waiting for 3 ms. */
const SLICE_RECORDS = 64;

export interface SegmentMoverModules {
  readonly index: DocumentIndex;
  readonly reader: RecordReader;
  readonly snapshots: SnapshotStore;
  readonly commits: GroupCommit;
  readonly pace: Pace;
  readonly storeId: string;
  readonly metrics: LocalLogMetrics;
  /** A record of the document turned out to be unreadable. */
  readonly damaged: (documentId: number, error: DamagedRecord) => void;
}

interface NeededRecord {
  readonly header: DecodedHeader;
  readonly location: number;
}

interface CopiedRecord extends NeededRecord {
  readonly kept: KeptRecord;
}

const copies = new Map<RecordType, RecordType>([
  [RecordType.patch, RecordType.copiedPatch],
  [RecordType.timedPatch, RecordType.copiedTimedPatch],
  [RecordType.deletion, RecordType.copiedDeletion],
  [RecordType.copiedPatch, RecordType.copiedPatch],
  [RecordType.copiedTimedPatch, RecordType.copiedTimedPatch],
  [RecordType.copiedDeletion, RecordType.copiedDeletion],
  [RecordType.snapshot, RecordType.snapshot],
]);

/**
 * Moves the records that are still needed out of a segment: copy, sync, then a reference through the log, and only when
 * that is durable does the index point to the copy. A crash at any point leaves the old place or the new one valid.
 */
export class SegmentMover {
  readonly #modules: SegmentMoverModules;
  /** What the walk looks at, one segment at a time. A new one for each read would be garbage outside of the heap. */
  readonly #window = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #isStopped = false;

  constructor(modules: SegmentMoverModules) {
    this.#modules = modules;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async moveOut(segment: Segment): Promise<void> {
    let group: NeededRecord[] = [];
    let bytes = 0;
    for await (const needed of this.#neededRecords(segment)) {
      group.push(needed);
      bytes += needed.header.length;
      if (group.length < GROUP_RECORDS && bytes < GROUP_BYTES) continue;
      await this.#move(group);
      group = [];
      bytes = 0;
    }
    await this.#move(group);
  }

  /** Walks the headers; a segment whose walk breaks off keeps its remaining records, and its file. */
  async *#neededRecords(segment: Segment): AsyncGenerator<NeededRecord> {
    const { reader, pace, storeId } = this.#modules;
    const salt = segmentSalt(storeId, segment.id);
    const header = emptyHeader();
    let window: Buffer = this.#window.subarray(0, 0);
    let windowStart = SEGMENT_HEADER_BYTES;
    for (let offset = SEGMENT_HEADER_BYTES; offset < segment.sizeBytes && !this.#isStopped; ) {
      if (offset + RECORD_HEADER_BYTES > windowStart + window.length) {
        await pace.take(PIECE_BYTES);
        window = await reader.readBytes(segment.id, offset, PIECE_BYTES, this.#window);
        windowStart = offset;
      }
      if (!readHeaderInto(header, window, offset - windowStart, salt)) return;
      const location = locationOf(segment.id, offset);
      if (this.#isNeeded(header, location)) yield { header: { ...header }, location };
      offset += recordBytes(header.length);
    }
  }

  /** All of them, or it throws; those that were copied for nothing are let go of. */
  async #move(group: readonly NeededRecord[]): Promise<void> {
    const copied: CopiedRecord[] = [];
    let pointed = 0;
    try {
      await this.#copyAll(group, copied);
      for (const slice of slicesOf(copied)) {
        pointed += slice.length;
        await Promise.all(slice.map((each) => this.#point(each)));
      }
    } finally {
      for (const { kept } of copied.slice(pointed)) kept.letGo();
    }
  }

  /** Resolves when nothing is under way any more. A record that cannot be read stays where it is. */
  async #copyAll(group: readonly NeededRecord[], copied: CopiedRecord[]): Promise<void> {
    const copying: Promise<void>[] = [];
    const failures: unknown[] = [];
    const failed = (error: unknown): void => {
      failures.push(error);
    };
    for (const slice of slicesOf(group)) {
      const reading = slice.map(({ header, location }) => this.#read(header, location));
      const records = await Promise.all(reading).catch(failed);
      if (records === undefined) break;
      for (const [at, record] of records.entries()) {
        if (record === undefined) continue;
        const needed = slice[at]!;
        copying.push(
          this.#copy(needed.header, record.payload).then((kept) => void copied.push({ ...needed, kept }), failed),
        );
      }
    }
    await Promise.all(copying);
    if (failures.length > 0) throw failures[0] as Error;
  }

  async #copy({ type, documentId, seq, epoch, span }: DecodedHeader, payload: Uint8Array): Promise<KeptRecord> {
    return this.#modules.snapshots.write({ type: copies.get(type)!, documentId, seq, epoch, span }, payload);
  }

  async #point({ header, location, kept }: CopiedRecord): Promise<void> {
    const { metrics, commits } = this.#modules;
    try {
      await this.#refer(header, location, kept.location);
      metrics.movedBytes.add(header.length);
    } finally {
      commits.letGo(kept.letGo);
    }
  }

  async #read(header: DecodedHeader, location: number): Promise<ReadRecord | undefined> {
    try {
      return await this.#modules.reader.read({ location, length: header.length });
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      // What nobody needs any more may be as it likes.
      if (this.#isNeeded(header, location)) this.#modules.damaged(header.documentId, error);
      return undefined;
    }
  }

  #refer(header: DecodedHeader, from: number, to: number): Promise<void> {
    const { commits, index } = this.#modules;
    const isSnapshot = header.type === RecordType.snapshot;
    const { documentId, seq, epoch, length } = header;
    const moved = { location: to, length, from };
    const payload = encodeMoved(moved);
    const type = isSnapshot ? RecordType.snapshotReference : RecordType.relocation;
    return new Promise((resolve, reject) => {
      const commit = (): void => {
        const entry = index.byId(documentId);
        // What was dropped meanwhile stays dropped, and what has taken its place stays: a start goes by the same rule.
        if (entry !== undefined && isSnapshot) index.moveSnapshot(entry, seq, moved);
        else if (entry !== undefined) index.movePatch(entry, seq, moved);
        resolve();
      };
      commits.add({ type, documentId, seq, epoch, span: 0, payload }, { commit, fail: reject });
    });
  }

  #isNeeded({ type, documentId, seq }: DecodedHeader, location: number): boolean {
    const isSnapshot = type === RecordType.snapshot;
    return copies.has(type) && this.#modules.index.needs(documentId, { seq, isSnapshot }, location);
  }
}

function* slicesOf<Each>(all: readonly Each[]): Generator<Each[]> {
  for (let from = 0; from < all.length; from += SLICE_RECORDS) yield all.slice(from, from + SLICE_RECORDS);
}
