import type { StoreLayout } from "../format/layout.ts";
import { encodeSegmentHeader, type SegmentKind } from "../format/segment-header.ts";
import { type FileSystem, removeIfPresent, type StorageFile, writeFully } from "./file-system.ts";

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
}

/** Makes segment files that are there, header and name, even after the power goes. */
export class SegmentFiles {
  readonly #modules: SegmentFilesModules;

  constructor(modules: SegmentFilesModules) {
    this.#modules = modules;
  }

  async create(kind: SegmentKind, segmentId: number): Promise<StorageFile> {
    const { fileSystem, layout, storeId, wallMs } = this.#modules;
    const path = layout.segment(kind, segmentId);
    const file = await fileSystem.create(path);
    try {
      const header = encodeSegmentHeader({ kind, segmentId, storeId, createdAt: Math.max(0, Math.floor(wallMs())) });
      await writeFully(file, header, 0);
      await file.sync();
      await fileSystem.syncDirectory(layout.segments(kind));
      return file;
    } catch (error) {
      // Nothing of value is in it, and it may be what fills the disk.
      await file.close().catch(() => {});
      await removeIfPresent(fileSystem, path).catch(() => {});
      throw error;
    }
  }

  async remove(kind: SegmentKind, segmentId: number): Promise<void> {
    await removeIfPresent(this.#modules.fileSystem, this.#modules.layout.segment(kind, segmentId));
  }
}
