import type { StoreLayout } from "../format/layout.ts";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentKind } from "../format/segment-header.ts";
import { type FileSystem, removeIfPresent, type StorageFile, writeDurably } from "./file-system.ts";
import type { SpareSegment, SpareSegments } from "./spare-segments.ts";

/** Gives ids to segments of both kinds, never the same twice in one store. */
export class SegmentIds {
  #next: number;

  constructor(next: number) {
    this.#next = next;
  }

  take(): number {
    return this.#next++;
  }
}

export interface SegmentFilesModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly storeId: string;
  readonly wallMs: () => number;
  readonly spares: SpareSegments;
  /** A segment was begun in the file of a dead one. */
  readonly recycled: () => void;
}

/** Of what a recycled file held before, the record that would be the first is overwritten with the header. */
const OVERWRITTEN_BYTES = 2 * SEGMENT_HEADER_BYTES;

/** Makes segment files that are there, header and name, even after the power goes. */
export class SegmentFiles {
  readonly #modules: SegmentFilesModules;

  constructor(modules: SegmentFilesModules) {
    this.#modules = modules;
  }

  /** In a new file or, for the log, in that of a dead segment, if there is one. */
  async create(kind: SegmentKind, segmentId: number): Promise<StorageFile> {
    const spare = kind === "log" ? this.#modules.spares.take() : undefined;
    return (spare === undefined ? undefined : await this.#recycle(spare, segmentId)) ?? this.#make(kind, segmentId);
  }

  /** Nobody needs or reads the segment any more, and nothing may still write to it: its file goes, or is kept as a spare. */
  async retire(kind: SegmentKind, segmentId: number): Promise<void> {
    if (!(await this.keep(kind, segmentId))) await this.remove(kind, segmentId);
  }

  /** The same, but a file that is no spare is the caller's to remove: `false`. */
  async keep(kind: SegmentKind, segmentId: number): Promise<boolean> {
    return kind === "log" && (await this.#modules.spares.keep(segmentId));
  }

  async remove(kind: SegmentKind, segmentId: number): Promise<void> {
    await removeIfPresent(this.#modules.fileSystem, this.#modules.layout.segment(kind, segmentId));
  }

  async #make(kind: SegmentKind, segmentId: number): Promise<StorageFile> {
    const { fileSystem, layout } = this.#modules;
    const path = layout.segment(kind, segmentId);
    const file = await fileSystem.create(path);
    try {
      await writeDurably(file, this.#header(kind, segmentId, 0), 0);
      await fileSystem.syncDirectory(layout.segments(kind));
      return file;
    } catch (error) {
      // Nothing of value is in it, and it may be what fills the disk.
      await file.close().catch(() => {});
      await removeIfPresent(fileSystem, path).catch(() => {});
      throw error;
    }
  }

  /** In this order: header, name, and only then a record. A file that fails is not tried again. */
  async #recycle(spare: SpareSegment, segmentId: number): Promise<StorageFile | undefined> {
    const { fileSystem, layout, recycled } = this.#modules;
    const [from, to] = [layout.spare(spare.id), layout.segment("log", segmentId)];
    try {
      const file = await fileSystem.open(from);
      try {
        const head = Buffer.alloc(OVERWRITTEN_BYTES);
        head.set(this.#header("log", segmentId, spare.bytes));
        await writeDurably(file, head, 0);
      } finally {
        await file.close();
      }
      await fileSystem.rename(from, to);
      await fileSystem.syncDirectory(layout.segments("log"));
      const segment = await fileSystem.open(to);
      recycled();
      return segment;
    } catch {
      for (const path of [from, to]) await removeIfPresent(fileSystem, path).catch(() => {});
      return undefined;
    }
  }

  #header(kind: SegmentKind, segmentId: number, recycledBytes: number): Buffer {
    const { storeId, wallMs } = this.#modules;
    const createdAt = Math.max(0, Math.floor(wallMs()));
    return encodeSegmentHeader({ kind, segmentId, storeId, createdAt, recycledBytes });
  }
}
