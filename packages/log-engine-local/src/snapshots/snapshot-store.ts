import { crc32 } from "node:zlib";
import { ServiceError } from "@tidewire/foundation";
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
  writeHeader,
} from "../format/record.ts";
import { placesOf } from "../format/record-places.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { Segment, SegmentTable } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import { sharedBuffer } from "../wal/batch.ts";
import { failureReason, storageUnavailable } from "../wal/storage-failure.ts";

export interface SnapshotStoreModules {
  readonly files: SegmentFiles;
  readonly ids: SegmentIds;
  readonly segments: SegmentTable;
  readonly storeId: string;
  readonly pace: Pace;
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
  readonly payload: Uint8Array;
  readonly resolve: (kept: KeptRecord) => void;
  readonly reject: (error: ServiceError) => void;
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
  /** What is written. A thread that was given up may still write from it: after a failure there is another one. */
  #chunk = sharedBuffer(PIECE_BYTES);
  #queue: WaitingRecord[] = [];
  #queuedBytes = 0;
  #open: OpenSegment | undefined;
  #loop: Promise<void> | undefined;
  #isClosed = false;

  constructor(modules: SnapshotStoreModules, options: SnapshotStoreOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Resolves when the record is durable. The payload must not change until then. */
  write(header: RecordHeader, payload: Uint8Array): Promise<KeptRecord> {
    if (this.#isClosed) throw new ServiceError("unavailable", "the log is closed");
    if (this.#queuedBytes > 0 && this.#queuedBytes + payload.length > this.#options.queueMaxBytes) {
      this.#modules.metrics.overloaded.add();
      throw new ServiceError("overloaded", "too many snapshots wait to be written", {
        details: { queuedBytes: this.#queuedBytes },
      });
    }
    this.#queuedBytes += payload.length;
    return new Promise((resolve, reject) => {
      this.#queue.push({ header, payload, resolve, reject });
      this.#loop ??= this.#run();
    });
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loop;
    await this.#letGo();
  }

  async #run(): Promise<void> {
    // Gathers what else this turn brings.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
      } catch (error) {
        // Never appended to again: what is behind the failure is unknown.
        await this.#letGo();
        this.#chunk = sharedBuffer(PIECE_BYTES);
        const refusal = storageUnavailable(failureReason(error), error);
        for (const { reject } of group) reject(refusal);
      }
      for (const { payload } of group) this.#queuedBytes -= payload.length;
    }
    this.#loop = undefined;
  }

  /** As many records as one sync may cover; at least one. */
  #takeGroup(): WaitingRecord[] {
    const group: WaitingRecord[] = [];
    let bytes = 0;
    for (const waiting of this.#queue) {
      bytes += recordBytes(waiting.payload.length);
      if (group.length > 0 && bytes > PIECE_BYTES) break;
      group.push(waiting);
    }
    this.#queue = this.#queue.slice(group.length);
    return group;
  }

  async #writeGroup(group: readonly WaitingRecord[]): Promise<void> {
    const open = await this.#segmentWithRoom();
    const offsets =
      recordBytes(group[0]!.payload.length) > PIECE_BYTES
        ? [await this.#writeLarge(open, group[0]!)]
        : await this.#writeTogether(open, group);
    open.segment.sizeBytes = open.offset;
    for (const [index, { payload, resolve }] of group.entries()) {
      const reference = { location: locationOf(open.segment.id, offsets[index]!), length: payload.length };
      resolve({ ...reference, letGo: this.#modules.segments.hold(placesOf([reference])) });
    }
  }

  /** Records that fit into one piece, with one write and one sync. Returns where they begin. */
  async #writeTogether(open: OpenSegment, group: readonly WaitingRecord[]): Promise<number[]> {
    const offsets: number[] = [];
    let length = 0;
    for (const { header, payload } of group) {
      offsets.push(open.offset + length);
      const start = length + RECORD_HEADER_BYTES;
      const end = length + recordBytes(payload.length);
      this.#chunk.set(payload, start);
      this.#chunk.fill(0, start + payload.length, end);
      const about = { length: payload.length, crc: crc32(payload) };
      writeHeader(this.#chunk, length, header, { salt: open.salt, batchStart: 0 }, about);
      length = end;
    }
    await this.#writeChunk(open, length, open.offset);
    open.offset += length;
    return offsets;
  }

  /** A record larger than a piece: its payload piece by piece, its header behind it. */
  async #writeLarge(open: OpenSegment, { header, payload }: WaitingRecord): Promise<number> {
    const offset = open.offset;
    const payloadOffset = offset + RECORD_HEADER_BYTES;
    let crc = 0;
    for (let start = 0; start < payload.length; start += PIECE_BYTES) {
      const piece = payload.subarray(start, start + PIECE_BYTES);
      crc = crc32(piece, crc);
      this.#chunk.set(piece);
      const padded = (piece.length + RECORD_ALIGNMENT - 1) & ~(RECORD_ALIGNMENT - 1);
      this.#chunk.fill(0, piece.length, padded);
      await this.#writeChunk(open, padded, payloadOffset + start);
    }
    writeHeader(this.#chunk, 0, header, { salt: open.salt, batchStart: 0 }, { length: payload.length, crc });
    await this.#writeChunk(open, RECORD_HEADER_BYTES, offset);
    open.offset += recordBytes(payload.length);
    return offset;
  }

  async #writeChunk(open: OpenSegment, length: number, position: number): Promise<void> {
    const bytes = this.#chunk.subarray(0, length);
    await this.#modules.pace.run(length, () => writeDurably(open.file, bytes, position));
    this.#modules.metrics.snapshotBytes.add(length);
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
