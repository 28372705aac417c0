import { crc32 } from "node:zlib";
import { ServiceError } from "@tidewire/foundation";
import type { Pace } from "../compaction/pace.ts";
import { type StorageFile, writeFully } from "../files/file-system.ts";
import type { SegmentFiles, SegmentIds } from "../files/segment-files.ts";
import { locationOf } from "../format/location.ts";
import { RECORD_HEADER_BYTES, type RecordHeader, recordBytes, segmentSalt, writeHeader } from "../format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { Segment, SegmentTable } from "../index/segment-table.ts";
import type { LocalLogMetrics } from "../metrics.ts";
import { failureReason, storageUnavailable } from "../wal/storage-failure.ts";

/** The most that is written between two syncs: a larger flush of dirty pages is what delays appends. */
const CHUNK_BYTES = 1024 * 1024;

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
      if (group.length > 0 && bytes > CHUNK_BYTES) break;
      group.push(waiting);
    }
    this.#queue = this.#queue.slice(group.length);
    return group;
  }

  async #writeGroup(group: readonly WaitingRecord[]): Promise<void> {
    const open = await this.#segmentWithRoom();
    const kept: { readonly waiting: WaitingRecord; readonly offset: number }[] = [];
    for (const waiting of group) {
      kept.push({ waiting, offset: open.offset });
      await this.#writeRecord(open, waiting.header, waiting.payload);
    }
    await open.file.sync();
    open.segment.sizeBytes = open.offset;
    for (const { waiting, offset } of kept) {
      const location = locationOf(open.segment.id, offset);
      const length = waiting.payload.length;
      waiting.resolve({ location, length, letGo: this.#modules.segments.hold([location]) });
    }
  }

  async #writeRecord(open: OpenSegment, header: RecordHeader, payload: Uint8Array): Promise<void> {
    const total = recordBytes(payload.length);
    const head = Buffer.alloc(RECORD_HEADER_BYTES);
    let crc = 0;
    for (let start = 0; start < payload.length; start += CHUNK_BYTES) {
      const end = Math.min(payload.length, start + CHUNK_BYTES);
      crc = crc32(payload.subarray(start, end), crc);
      await this.#modules.pace.take(end - start);
      await writeFully(open.file, payload.subarray(start, end), open.offset + RECORD_HEADER_BYTES + start);
      if (end < payload.length) await open.file.sync();
    }
    writeHeader(head, 0, header, { salt: open.salt, batchStart: 0 }, { length: payload.length, crc });
    await writeFully(open.file, head, open.offset);
    const padding = total - RECORD_HEADER_BYTES - payload.length;
    if (padding > 0) await writeFully(open.file, new Uint8Array(padding), open.offset + total - padding);
    open.offset += total;
    this.#modules.metrics.snapshotBytes.add(total);
  }

  async #segmentWithRoom(): Promise<OpenSegment> {
    if (this.#open !== undefined && this.#open.offset < this.#options.segmentBytes) return this.#open;
    await this.#letGo();
    const { files, ids, segments, storeId } = this.#modules;
    const id = ids.take();
    const file = await files.create("snapshots", id);
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
