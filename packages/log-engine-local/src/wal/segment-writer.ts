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

interface SpareSegment {
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
  #spare: SpareSegment | undefined;
  /** Segments that batches in the queue are placed in and that nothing is written to yet, in order. */
  #reserved: SpareSegment[] = [];
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
    this.#prepareSpare();
    await this.#spare?.file;
  }

  /** The place of a new batch. The one before must not grow any more: `settle` has been called with its end. */
  nextPlace(): NextPlace {
    const planned = this.#planned;
    if (planned !== undefined && planned.offset < this.#options.segmentBytes) {
      return { place: this.#placeAt(planned.segmentId, planned.offset) };
    }
    const segmentId = this.#reserveSpare().id;
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
    await this.#dropSpares();
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
    const file = await this.#spare?.file;
    if (file === undefined) return;
    try {
      await writeFully(file, Buffer.alloc(this.#options.probeBytes), SEGMENT_HEADER_BYTES);
      await file.sync();
    } finally {
      await file.truncate(SEGMENT_HEADER_BYTES);
    }
    await file.sync();
  }

  async close(): Promise<void> {
    await this.#dropSpares();
    if (this.#current !== undefined) await this.#letGo(this.#current);
    this.#current = undefined;
  }

  #placeAt(segmentId: number, startOffset: number): BatchPlace {
    return { segmentId, startOffset, salt: segmentSalt(this.#modules.storeId, segmentId) };
  }

  async #changeOver(segmentId: number): Promise<void> {
    const spare = this.#reserved.shift();
    if (spare?.id !== segmentId) throw new Error(`segment ${segmentId} was not reserved`);
    // One that could not be made at its time gets a second chance: the disk may have had room again since.
    const file = await spare.file.catch(() => this.#modules.files.create("log", segmentId));
    const before = this.#current;
    this.#modules.segments.add(segmentId, "log", SEGMENT_HEADER_BYTES).holds++;
    this.#current = { id: segmentId, file };
    if (before !== undefined) await this.#letGo(before);
  }

  async #letGo(open: OpenSegment): Promise<void> {
    const segment = this.#modules.segments.get(open.id);
    if (segment !== undefined) segment.holds--;
    await open.file.close().catch(() => {});
  }

  /** The spare gets its use, and a new one is made. */
  #reserveSpare(): SpareSegment {
    const spare = this.#spare ?? this.#prepareSpare();
    this.#reserved.push(spare);
    this.#prepareSpare();
    return spare;
  }

  #prepareSpare(): SpareSegment {
    const id = this.#modules.ids.take();
    const file = this.#modules.files.create("log", id);
    // Looked at when the segment is needed, which may be much later.
    file.catch(() => {});
    this.#spare = { id, file };
    return this.#spare;
  }

  async #dropSpares(): Promise<void> {
    const spares = this.#spare === undefined ? this.#reserved : [...this.#reserved, this.#spare];
    this.#spare = undefined;
    this.#reserved = [];
    for (const spare of spares) {
      const file = await spare.file.catch(() => undefined);
      await file?.close().catch(() => {});
      await this.#modules.files.remove("log", spare.id).catch(() => {});
    }
  }
}
