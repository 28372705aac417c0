import { type StorageFile, writeDurably, writeFully } from "../files/file-system.ts";
import type { SegmentFiles, SegmentIds } from "../files/segment-files.ts";
import type { PriorSegment } from "../format/payloads.ts";
import { segmentSalt } from "../format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { SegmentTable } from "../index/segment-table.ts";
import type { Batch, BatchPlace } from "./batch.ts";

export interface SegmentWriterModules {
  readonly files: SegmentFiles;
  readonly ids: SegmentIds;
  readonly segments: SegmentTable;
  readonly storeId: string;
}

export interface SegmentWriterOptions {
  /** A segment that has grown to this takes no further batch. */
  readonly segmentBytes: number;
  /** What must fit on the disk before writing goes on after a failure. */
  readonly probeBytes: number;
}

interface OpenSegment {
  readonly id: number;
  readonly file: StorageFile;
}

/** A segment made ahead of its time. */
interface PreparedSegment {
  readonly id: number;
  readonly file: Promise<StorageFile>;
}

export interface NextPlace {
  readonly place: BatchPlace;
  /** To be written as the first record: the batch is the first of its segment. */
  readonly prior?: PriorSegment;
}

/**
 * The end of the log on disk. Decides where the next batch will stand, and puts batches there, one at a time. The segment
 * after the current one is made ahead of its time, so that changing over costs no append anything.
 */
export class SegmentWriter {
  readonly #modules: SegmentWriterModules;
  readonly #options: SegmentWriterOptions;
  #current: OpenSegment | undefined;
  #prepared: PreparedSegment | undefined;
  /** Segments that batches in the queue are placed in and that nothing is written to yet, in order. */
  #reserved: PreparedSegment[] = [];
  /** A write to the segment made ahead of its time has failed; see `Segment.isSpoilt`. */
  #isPreparedSpoilt = false;
  /** Beside the writing: no append waits for it. */
  #sealing: Promise<void> = Promise.resolve();
  /** The end of what is durable. */
  #durable: PriorSegment;
  /** Where the next batch will stand once those before it are written; `undefined`: in a new segment. */
  #planned: { segmentId: number; offset: number } | undefined;

  /** @param prior where the log ends that this writer goes on with */
  constructor(modules: SegmentWriterModules, prior: PriorSegment, options: SegmentWriterOptions) {
    this.#modules = modules;
    this.#durable = prior;
    this.#options = options;
  }

  /** The end of what is durable: what comes later is behind it. */
  get durable(): PriorSegment {
    return this.#durable;
  }

  /** Nothing was written since it began. */
  get isFresh(): boolean {
    return this.#planned === undefined;
  }

  /** Makes the first segment ready; throws what the disk says if that is impossible. */
  async start(): Promise<void> {
    this.#prepare();
    await this.#prepared?.file;
  }

  /** The place of a new batch. The one before must not grow any more: `settle` has been called with its end. */
  nextPlace(): NextPlace {
    const planned = this.#planned;
    if (planned !== undefined && planned.offset < this.#options.segmentBytes) {
      return { place: this.#placeAt(planned.segmentId, planned.offset) };
    }
    const segmentId = this.#reserve().id;
    const prior = planned === undefined ? this.#durable : { segmentId: planned.segmentId, endOffset: planned.offset };
    return { place: this.#placeAt(segmentId, SEGMENT_HEADER_BYTES), prior };
  }

  /** The batch placed last takes no more records. */
  settle(batch: Batch): void {
    this.#planned = { segmentId: batch.place.segmentId, offset: batch.endOffset };
  }

  /** Resolves when the batch is durable. After a failure nothing may be written until `restart`. */
  async write(batch: Batch): Promise<void> {
    if (this.#current?.id !== batch.place.segmentId) await this.#changeOver(batch.place.segmentId);
    const current = this.#current as OpenSegment;
    await writeDurably(current.file, batch.bytes, batch.place.startOffset);
    this.#durable = { segmentId: current.id, endOffset: batch.endOffset };
    const segment = this.#modules.segments.get(current.id);
    if (segment !== undefined) segment.sizeBytes = batch.endOffset;
  }

  /**
   * Begins anew after a failure: in a new segment, whose first record says where the durable part of the log ended. What
   * the failed writes may have left behind that point does not count any more. Throws if the disk still refuses.
   */
  async restart(): Promise<void> {
    this.#planned = undefined;
    const abandoned = this.#current;
    this.#current = undefined;
    await this.#dropPrepared();
    this.#spoil(abandoned);
    if (abandoned !== undefined) {
      const { segmentId, endOffset } = this.#durable;
      const end = abandoned.id === segmentId ? endOffset : SEGMENT_HEADER_BYTES;
      // Not needed for correctness, but it gives space back and keeps a crash before the next append from reading it.
      await abandoned.file.truncate(end).catch(() => {});
      await this.#letGo(abandoned);
    }
    await this.start();
    await this.#probe();
  }

  /** A new segment fits where a batch does not: without this, a full disk would be taken for well again and again. */
  async #probe(): Promise<void> {
    const file = await this.#prepared?.file;
    if (file === undefined) return;
    const size = await file.size();
    this.#isPreparedSpoilt = true;
    try {
      await writeFully(file, Buffer.alloc(this.#options.probeBytes), SEGMENT_HEADER_BYTES);
      await file.sync();
    } finally {
      await file.truncate(size);
    }
    await file.sync();
    this.#isPreparedSpoilt = false;
  }

  #spoil(open: OpenSegment | undefined): void {
    const segment = open === undefined ? undefined : this.#modules.segments.get(open.id);
    if (segment !== undefined) segment.isSpoilt = true;
  }

  async close(): Promise<void> {
    await this.#dropPrepared();
    await this.#sealing;
    if (this.#current !== undefined) await this.#seal(this.#current);
    this.#current = undefined;
  }

  #placeAt(segmentId: number, startOffset: number): BatchPlace {
    return { segmentId, startOffset, salt: segmentSalt(this.#modules.storeId, segmentId) };
  }

  async #changeOver(segmentId: number): Promise<void> {
    const reserved = this.#reserved.shift();
    if (reserved?.id !== segmentId) throw new Error(`segment ${segmentId} was not reserved`);
    // One that could not be made at its time gets a second chance: the disk may have had room again since.
    const file = await reserved.file.catch(() => this.#modules.files.create("log", segmentId));
    const before = this.#current;
    this.#modules.segments.add(segmentId, "log", SEGMENT_HEADER_BYTES).holds++;
    this.#current = { id: segmentId, file };
    if (before !== undefined) this.#sealing = this.#sealing.then(() => this.#seal(before));
  }

  /** Nothing more comes. What a recycled file held before does not stay behind the end: files are as long as they count. */
  async #seal(open: OpenSegment): Promise<void> {
    try {
      const bytes = this.#modules.segments.get(open.id)?.sizeBytes;
      if (bytes !== undefined && (await open.file.size()) > bytes) await open.file.truncate(bytes);
    } catch {
      // Needed for no reading of it.
    }
    await this.#letGo(open);
  }

  async #letGo(open: OpenSegment): Promise<void> {
    const segment = this.#modules.segments.get(open.id);
    if (segment !== undefined) segment.holds--;
    await open.file.close().catch(() => {});
  }

  /** What was prepared gets its use, and the next one is made. */
  #reserve(): PreparedSegment {
    const prepared = this.#prepared ?? this.#prepare();
    this.#reserved.push(prepared);
    this.#prepare();
    return prepared;
  }

  #prepare(): PreparedSegment {
    const id = this.#modules.ids.take();
    const file = this.#modules.files.create("log", id);
    // Looked at when the segment is needed, which may be much later.
    file.catch(() => {});
    this.#prepared = { id, file };
    return this.#prepared;
  }

  async #dropPrepared(): Promise<void> {
    const unused = this.#prepared === undefined ? this.#reserved : [...this.#reserved, this.#prepared];
    this.#prepared = undefined;
    this.#reserved = [];
    for (const prepared of unused) {
      const file = await prepared.file.catch(() => undefined);
      await file?.close().catch(() => {});
      const { files } = this.#modules;
      const gone = this.#isPreparedSpoilt ? files.remove("log", prepared.id) : files.retire("log", prepared.id);
      await gone.catch(() => {});
    }
  }
}
