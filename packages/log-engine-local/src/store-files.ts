import type { StoreLayout } from "./format/layout.ts";
import type { SegmentKind } from "./format/segment-header.ts";
import type { SegmentTable } from "./index/segment-table.ts";

/** One segment as it stands on the disk. */
export interface StoreFile {
  readonly kind: SegmentKind;
  readonly id: number;
  readonly path: string;
  /** Bytes that are durable. They never change; those of a sealed file are all there will ever be. */
  readonly sizeBytes: number;
  readonly isSealed: boolean;
}

/**
 * What a crash at this moment would leave behind: the durable bytes of every segment and the newest checkpoint. A start
 * from a copy of exactly these bytes finds everything that had been acknowledged.
 */
export interface StoreImage {
  readonly storeId: string;
  readonly storeFile: string;
  /** Log segments first, each kind by id. */
  readonly files: readonly StoreFile[];
  readonly checkpoint?: { readonly id: number; readonly path: string };
}

export interface StoreFilesModules {
  readonly layout: StoreLayout;
  readonly storeId: string;
  readonly segments: SegmentTable;
  /** Id of the newest whole checkpoint. */
  readonly newestCheckpoint: () => number | undefined;
}

/**
 * The files of a running store, for whoever copies them. While files are retained, compaction goes on moving records out
 * of them but removes none that was not let go of; those that come later are retained from their first byte.
 */
export class StoreFiles {
  readonly #modules: StoreFilesModules;

  constructor(modules: StoreFilesModules) {
    this.#modules = modules;
  }

  /** Taken at one moment. The log is listed with everything its records refer to. */
  async image(): Promise<StoreImage> {
    const { layout, storeId, segments, newestCheckpoint } = this.#modules;
    const files = (["log", "snapshots"] as const).flatMap((kind) => {
      const all = segments.all(kind);
      // Only the newest of a kind is ever written to.
      return all.map(({ id, sizeBytes }, index) => {
        const isSealed = index < all.length - 1;
        return { kind, id, path: layout.segment(kind, id), sizeBytes, isSealed };
      });
    });
    const id = newestCheckpoint();
    const checkpoint = id === undefined ? {} : { checkpoint: { id, path: layout.checkpoint(id) } };
    return { storeId, storeFile: layout.storeFile, files, ...checkpoint };
  }

  /** From now on no segment is removed that was not let go of. */
  retain(): void {
    this.#modules.segments.retainAll();
  }

  /** These are needed here no more; compaction removes them when no document needs them either. */
  letGo(segmentIds: Iterable<number>): void {
    this.#modules.segments.letGo(segmentIds);
  }

  /** Ends `retain`. */
  letGoOfAll(): void {
    this.#modules.segments.letGoOfAll();
  }
}
