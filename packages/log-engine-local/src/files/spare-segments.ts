import { type StoreLayout, spareIdOfName } from "../format/layout.ts";
import { type FileSystem, removeIfPresent, systemCode } from "./file-system.ts";

/** The file of a dead log segment. */
export interface SpareSegment {
  /** Of the segment it was: no record in it is of a higher one. */
  readonly id: number;
  readonly bytes: number;
}

export interface SpareSegmentsModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
}

export interface SpareSegmentsOptions {
  readonly countMax: number;
  readonly maxBytes: number;
  /** A shorter file would soon grow again, and is not worth its place. */
  readonly minBytes: number;
}

/**
 * Files of dead log segments, for the next ones to write over: blocks that are written already cost no commit of the file
 * system's journal at each sync, which halves the time of a flush, and none of the background's has to be waited for
 * (research/storage.md 1 and 3.1). What is in them does not count: they do not have the name of a segment, and a record
 * counts only with the salt of the segment it was written for. Ids are never given again while a spare has them.
 */
export class SpareSegments {
  readonly #modules: SpareSegmentsModules;
  readonly #options: SpareSegmentsOptions;
  /** Ready to be taken. */
  readonly #ready: SpareSegment[] = [];
  #count = 0;
  #bytes = 0;

  constructor(modules: SpareSegmentsModules, options: SpareSegmentsOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Finds what an earlier process has left; what is over the bounds goes. */
  async load(): Promise<void> {
    const { fileSystem, layout } = this.#modules;
    for (const name of await fileSystem.list(layout.segments("log"))) {
      const id = spareIdOfName(name);
      if (id === undefined) continue;
      const spare = { id, bytes: await this.#sizeOf(layout.spare(id)) };
      if (this.#admits(spare)) this.#ready.push(this.#counted(spare));
      else await fileSystem.remove(layout.spare(id));
    }
  }

  /**
   * Takes over the file of a log segment that nobody needs or reads any more; its old name is gone for good then. `false`:
   * it is as it was, and the caller's to remove.
   */
  async keep(segmentId: number): Promise<boolean> {
    const { fileSystem, layout } = this.#modules;
    const spare = { id: segmentId, bytes: await this.#sizeOf(layout.segment("log", segmentId)) };
    if (!this.#admits(spare)) return false;
    this.#counted(spare);
    try {
      await fileSystem.rename(layout.segment("log", segmentId), layout.spare(segmentId));
      // Before a byte of it is written over: a segment that comes back after a crash must be the one it was.
      await fileSystem.syncDirectory(layout.segments("log"));
    } catch (error) {
      this.#forget(spare);
      await removeIfPresent(fileSystem, layout.spare(segmentId)).catch(() => {});
      throw error;
    }
    this.#ready.push(spare);
    return true;
  }

  /** One to write over. It is the caller's now, and no spare any more. */
  take(): SpareSegment | undefined {
    const spare = this.#ready.shift();
    if (spare !== undefined) this.#forget(spare);
    return spare;
  }

  #admits({ bytes }: SpareSegment): boolean {
    const { countMax, maxBytes, minBytes } = this.#options;
    return bytes >= minBytes && this.#count < countMax && this.#bytes + bytes <= maxBytes;
  }

  #counted(spare: SpareSegment): SpareSegment {
    this.#count++;
    this.#bytes += spare.bytes;
    return spare;
  }

  #forget(spare: SpareSegment): void {
    this.#count--;
    this.#bytes -= spare.bytes;
  }

  /** 0 if it is not there. */
  async #sizeOf(path: string): Promise<number> {
    try {
      const file = await this.#modules.fileSystem.open(path);
      try {
        return await file.size();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      return 0;
    }
  }
}
