import { PIECE_BYTES } from "../compaction/pace.ts";
import { type StoreLayout, spareIdOfName } from "../format/layout.ts";
import { sharedBuffer } from "../wal/batch.ts";
import { type FileSystem, removeIfPresent, type StorageFile, systemCode, writeDurably } from "./file-system.ts";

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

/** Does a piece of work on the disk that writes so many bytes, when it is its turn. */
export type RunPiece = <Result>(bytes: number, piece: () => Promise<Result>) => Promise<Result>;

/**
 * Files of dead log segments, for the next ones to write over: blocks that are written already cost no commit of the file
 * system's journal at each sync, which halves the time of a flush, and none of the background's has to be waited for
 * (research/storage.md 1 and 3.1). What is in them does not count: they do not have the name of a segment, and a record
 * counts only with the salt of the segment it was written for. Ids are never given again while a spare has them.
 *
 * So many of them as are asked for are no segments to come but a reserve: room that is given back when the disk is full, so
 * that what frees the disk fits on it.
 */
export class SpareSegments {
  readonly #modules: SpareSegmentsModules;
  readonly #options: SpareSegmentsOptions;
  /** Ready to be taken. */
  readonly #ready: SpareSegment[] = [];
  #count = 0;
  #bytes = 0;
  #reserveBytes = 0;
  /** A full disk leaves room for the reserve only. */
  isTight = false;

  constructor(modules: SpareSegmentsModules, options: SpareSegmentsOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many bytes are kept from now on and given to no segment, as far as the bounds leave something for those. */
  reserve(bytes: number): void {
    const { maxBytes, minBytes } = this.#options;
    this.#reserveBytes = Math.max(minBytes, Math.min(bytes, maxBytes - 2 * minBytes));
  }

  /** There are not as many as the reserve asks for, and one more is within the bounds. */
  lacks(bytes: number): boolean {
    return this.#bytes < this.#reserveBytes && this.#admits({ id: 0, bytes });
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

  /** One to write over, if there are more than the reserve. It is the caller's now, and no spare any more. */
  take(): SpareSegment | undefined {
    const [spare] = this.#ready;
    if (spare === undefined || this.#bytes - spare.bytes < this.#reserveBytes) return undefined;
    this.#ready.shift();
    this.#forget(spare);
    return spare;
  }

  /** Makes one, of zeros: written, because blocks that are only set aside cost a commit of the journal when they are used. */
  async make(id: number, bytes: number, run: RunPiece): Promise<void> {
    const { fileSystem, layout } = this.#modules;
    const spare = this.#counted({ id, bytes });
    const zeros = sharedBuffer(PIECE_BYTES);
    let file: StorageFile | undefined;
    try {
      const made = (file = await fileSystem.create(layout.spare(id)));
      for (let at = 0; at < bytes; at += zeros.length) {
        const piece = zeros.subarray(0, Math.min(zeros.length, bytes - at));
        await run(piece.length, () => writeDurably(made, piece, at));
      }
      await run(0, () => fileSystem.syncDirectory(layout.segments("log")));
      await made.close();
    } catch (error) {
      this.#forget(spare);
      await file?.close().catch(() => {});
      await removeIfPresent(fileSystem, layout.spare(id)).catch(() => {});
      throw error;
    }
    this.#ready.push(spare);
  }

  /** Gives the room of all of them back. Whether there was any. */
  async release(): Promise<boolean> {
    const { fileSystem, layout } = this.#modules;
    const released = this.#ready.splice(0);
    for (const spare of released) {
      this.#forget(spare);
      await removeIfPresent(fileSystem, layout.spare(spare.id));
    }
    return released.length > 0;
  }

  #admits({ bytes }: SpareSegment): boolean {
    const { countMax, maxBytes, minBytes } = this.#options;
    if (bytes < minBytes || (this.isTight && this.#bytes >= this.#reserveBytes)) return false;
    return this.#count < countMax && this.#bytes + bytes <= maxBytes;
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
