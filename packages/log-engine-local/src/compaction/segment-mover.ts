import { DamagedRecord, type ReadRecord, type RecordReader } from "../files/record-reader.ts";
import { locationOf } from "../format/location.ts";
import { encodeReference } from "../format/payloads.ts";
import {
  type DecodedHeader,
  emptyHeader,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeaderInto,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import type { RecordReference } from "../format/record-places.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import type { Segment } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import type { SnapshotStore } from "../snapshots/snapshot-store.ts";
import type { GroupCommit } from "../wal/group-commit.ts";
import { type Pace, PIECE_BYTES } from "./pace.ts";

/** Records that are moved at one time: they share syncs, and their bytes are in memory. */
const GROUP_RECORDS = 64;
const GROUP_BYTES = PIECE_BYTES;

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
      await Promise.all(group.map((each) => this.#move(each)));
      group = [];
      bytes = 0;
    }
    await Promise.all(group.map((each) => this.#move(each)));
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

  async #move({ header, location }: NeededRecord): Promise<void> {
    const { snapshots, metrics, commits } = this.#modules;
    const type = copies.get(header.type);
    const record = await this.#read(header.documentId, { location, length: header.length });
    if (type === undefined || record === undefined) return;
    const { documentId, seq, epoch, span } = header;
    const kept = await snapshots.write({ type, documentId, seq, epoch, span }, record.payload);
    try {
      await this.#refer(header, location, kept.location);
      metrics.movedBytes.add(header.length);
    } finally {
      commits.letGo(kept.letGo);
    }
  }

  async #read(documentId: number, reference: RecordReference): Promise<ReadRecord | undefined> {
    try {
      return await this.#modules.reader.read(reference);
    } catch (error) {
      if (!(error instanceof DamagedRecord)) throw error;
      this.#modules.damaged(documentId, error);
      return undefined;
    }
  }

  #refer(header: DecodedHeader, from: number, to: number): Promise<void> {
    const { commits, index } = this.#modules;
    const isSnapshot = header.type === RecordType.snapshot;
    const { documentId, seq, epoch, length } = header;
    const payload = encodeReference({ location: to, length });
    const type = isSnapshot ? RecordType.snapshotReference : RecordType.relocation;
    return new Promise((resolve, reject) => {
      const commit = (): void => {
        const entry = index.byId(documentId);
        // What was dropped meanwhile stays dropped. A snapshot that another one of this seq has replaced meanwhile is named
        // again by this reference, which a start will follow.
        if (isSnapshot) {
          if (entry?.snapshot?.seq === seq) index.applySnapshot(entry, seq, { location: to, length });
        } else if (this.#isNeeded(header, from)) index.movePatch(entry!, seq, to);
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
