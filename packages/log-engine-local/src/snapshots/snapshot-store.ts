import { crc32 } from "node:zlib";
import { type Clock, ServiceError } from "@tidewire/foundation";
import { type Pace, PIECE_BYTES } from "../compaction/pace.ts";
import { type StorageFile, writeDurably } from "../files/file-system.ts";
import type { SegmentFiles, SegmentIds } from "../files/segment-files.ts";
import { locationOf } from "../format/location.ts";
import {
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordBytes,
  segmentSalt,
  viewOf,
  writeHeader,
} from "../format/record.ts";
import { placesOf } from "../format/record-places.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { Segment, SegmentTable } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import { BatchBuffers } from "../wal/batch.ts";
import { failureReason, storageUnavailable } from "../wal/storage-failure.ts";

export interface SnapshotStoreModules {
  readonly files: SegmentFiles;
  readonly ids: SegmentIds;
  readonly segments: SegmentTable;
  readonly storeId: string;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly metrics: LocalLogMetrics;
}

export interface SnapshotStoreOptions {
  readonly segmentBytes: number;
  readonly queueMaxBytes: number;
}

/** A record that is durable in a snapshot segment. Its segment stays until `letGo` is called. */
export interface KeptRecord {
  readonly location: number;
  readonly length: number;
  readonly letGo: () => void;
}

interface WaitingRecord {
  readonly header: RecordHeader;
  /** Of the payload. */
  readonly length: number;
  readonly crc: number;
  readonly resolve: (kept: KeptRecord) => void;
  readonly reject: (error: ServiceError) => void;
}

/** Records that share a write and a sync: gathered as they will stand, but for their headers. */
interface Piece {
  readonly buffer: Buffer;
  readonly records: WaitingRecord[];
  length: number;
}

/** A record that needs several pieces. */
interface LargeRecord extends Omit<WaitingRecord, "crc"> {
  readonly payload: Uint8Array;
}

interface OpenSegment {
  readonly segment: Segment;
  readonly file: StorageFile;
  readonly salt: number;
  offset: number;
}

/**
 * Large and moved records go here instead of into the log: in chunks that are synced before they grow large, at the pace
 * the appends leave free. What points to them goes through the log, after they are durable.
 */
export class SnapshotStore {
  readonly #modules: SnapshotStoreModules;
  readonly #options: SnapshotStoreOptions;
  readonly #buffers = new BatchBuffers(PIECE_BYTES, PIECE_BYTES);
  /** Oldest first; only the last one takes more records. */
  #queue: (Piece | LargeRecord)[] = [];
  #queuedBytes = 0;
  #open: OpenSegment | undefined;
  #loop: Promise<void> | undefined;
  #endGathering: (() => void) | undefined;
  #isClosed = false;

  constructor(modules: SnapshotStoreModules, options: SnapshotStoreOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Resolves when the record is durable. A payload for which `isTakenAtOnce` is false must not change until then. */
  write(header: RecordHeader, payload: Uint8Array): Promise<KeptRecord> {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
    const { length } = payload;
    if (this.#queuedBytes > 0 && this.#queuedBytes + length > this.#options.queueMaxBytes) {
      this.#modules.metrics.overloaded.add();
      throw new ServiceError("overloaded", "too many snapshots wait to be written", {
        details: { queuedBytes: this.#queuedBytes },
      });
    }
    this.#queuedBytes += length;
    return new Promise((resolve, reject) => {
      if (isTakenAtOnce(payload)) this.#gather({ header, length, crc: crc32(payload), resolve, reject }, payload);
      else this.#push({ header, length, payload, resolve, reject });
      this.#loop ??= this.#run();
    });
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endGathering?.();
    await this.#loop;
    await this.#letGo();
  }

  /**
   * Copied once, to where it is written from: a copy that only waits would be garbage outside of the heap. Memory is about
   * twice what waits at most: two pieces in a row hold more than one could, and a large record more than a piece.
   */
  #gather(record: WaitingRecord, payload: Uint8Array): void {
    const bytes = recordBytes(payload.length);
    let piece = this.#queue.at(-1);
    if (piece === undefined || "payload" in piece || piece.length + bytes > PIECE_BYTES) {
      piece = { buffer: this.#buffers.take(), records: [], length: 0 };
      this.#push(piece);
    }
    const start = piece.length + RECORD_HEADER_BYTES;
    piece.length += bytes;
    piece.buffer.set(payload, start);
    piece.buffer.fill(0, start + payload.length, piece.length);
    piece.records.push(record);
  }

  #push(next: Piece | LargeRecord): void {
    this.#queue.push(next);
    if (this.#queue.length > 1) this.#endGathering?.();
  }

  /** Resolves when nothing can share the sync of the first piece any more, or it has waited long enough for that. */
  async #gathered(): Promise<void> {
    const [first] = this.#queue;
    if (first === undefined || "payload" in first || this.#queue.length > 1 || this.#isClosed) return;
    const { pace, clock } = this.#modules;
    if (pace.gatherMs === 0) return;
    await new Promise<void>((resolve) => {
      const timer = clock.after(pace.gatherMs, resolve);
      this.#endGathering = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#endGathering = undefined;
  }

  async #run(): Promise<void> {
    // Gathers what else this turn brings.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      await this.#gathered();
      const next = this.#queue.shift() as Piece | LargeRecord;
      const records = "payload" in next ? [next] : next.records;
      try {
        const open = await this.#segmentWithRoom();
        const offsets = "payload" in next ? [await this.#writeLarge(open, next)] : await this.#writePiece(open, next);
        this.#settle(open, records, offsets);
      } catch (error) {
        // Never appended to again: what is behind the failure is unknown.
        await this.#letGo();
        const refusal = storageUnavailable(failureReason(error), error);
        for (const { reject } of records) reject(refusal);
      }
      for (const { length } of records) this.#queuedBytes -= length;
    }
    this.#loop = undefined;
  }

  #settle(open: OpenSegment, records: readonly (WaitingRecord | LargeRecord)[], offsets: readonly number[]): void {
    open.segment.sizeBytes = open.offset;
    for (const [index, { length, resolve }] of records.entries()) {
      const reference = { location: locationOf(open.segment.id, offsets[index]!), length };
      resolve({ ...reference, letGo: this.#modules.segments.hold(placesOf([reference])) });
    }
  }

  /** Returns where its records begin. */
  async #writePiece(open: OpenSegment, { buffer, records, length }: Piece): Promise<number[]> {
    const offsets: number[] = [];
    let start = 0;
    for (const record of records) {
      writeHeader(viewOf(buffer), start, record.header, { salt: open.salt, batchStart: 0 }, record);
      offsets.push(open.offset + start);
      start += recordBytes(record.length);
    }
    await this.#writePaced(open, buffer.subarray(0, length), open.offset);
    // Not after a failure: a thread that was given up may still write from it.
    this.#buffers.give(buffer);
    open.offset += length;
    return offsets;
  }

  /** Its payload piece by piece, its header behind it. */
  async #writeLarge(open: OpenSegment, { header, payload, length }: LargeRecord): Promise<number> {
    const offset = open.offset;
    const payloadOffset = offset + RECORD_HEADER_BYTES;
    const buffer = this.#buffers.take();
    let crc = 0;
    for (let start = 0; start < length; start += PIECE_BYTES) {
      const piece = payload.subarray(start, start + PIECE_BYTES);
      crc = crc32(piece, crc);
      buffer.set(piece);
      const padded = (piece.length + RECORD_ALIGNMENT - 1) & ~(RECORD_ALIGNMENT - 1);
      buffer.fill(0, piece.length, padded);
      await this.#writePaced(open, buffer.subarray(0, padded), payloadOffset + start);
    }
    writeHeader(viewOf(buffer), 0, header, { salt: open.salt, batchStart: 0 }, { length, crc });
    await this.#writePaced(open, buffer.subarray(0, RECORD_HEADER_BYTES), offset);
    this.#buffers.give(buffer);
    open.offset += recordBytes(length);
    return offset;
  }

  async #writePaced(open: OpenSegment, bytes: Uint8Array, position: number): Promise<void> {
    await this.#modules.pace.run(bytes.length, () => writeDurably(open.file, bytes, position));
    this.#modules.metrics.snapshotBytes.add(bytes.length);
  }

  async #segmentWithRoom(): Promise<OpenSegment> {
    if (this.#open !== undefined && this.#open.offset < this.#options.segmentBytes) return this.#open;
    await this.#letGo();
    const { files, ids, segments, storeId } = this.#modules;
    const id = ids.take();
    const file = await this.#modules.pace.run(SEGMENT_HEADER_BYTES, () => files.create("snapshots", id));
    const segment = segments.add(id, "snapshots", SEGMENT_HEADER_BYTES);
    segment.holds++;
    this.#open = { segment, file, salt: segmentSalt(storeId, id), offset: SEGMENT_HEADER_BYTES };
    return this.#open;
  }

  async #letGo(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    open.segment.holds--;
    await open.file.close().catch(() => {});
  }
}

/** `write` copies it before it returns. */
export function isTakenAtOnce(payload: Uint8Array): boolean {
  return recordBytes(payload.length) <= PIECE_BYTES;
}
