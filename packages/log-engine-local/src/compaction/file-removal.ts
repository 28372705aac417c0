import { join } from "node:path";
import { type FileSystem, removeIfPresent } from "../files/file-system.ts";
import { isDraftName, type StoreLayout } from "../format/layout.ts";
import type { Pace } from "./pace.ts";

export interface FileRemovalModules {
  readonly fileSystem: FileSystem;
  readonly pace: Pace;
}

/**
 * Removes files that nobody needs or reads any more, from their end and piece by piece, each synced. All at once, the
 * file system gives the pages and blocks back in one go, and tells the disk where it is mounted with `discard`: a flush
 * of appends that came meanwhile waited 1 ms for a file of 4 MiB and 5 to 20 for one of 64. In pieces of 512 KiB it is
 * not felt, in pieces of 2 MiB it is. A file that is being cut bears the name of a draft, so that half of one is never
 * taken for a whole.
 */
export class FileRemoval {
  readonly #modules: FileRemovalModules;
  readonly #pieceBytes: number;

  constructor(modules: FileRemovalModules, pieceBytes: number) {
    this.#modules = modules;
    this.#pieceBytes = pieceBytes;
  }

  /** Resolves when the name is gone; a crash may bring the whole file back. Fine if it is not there. */
  async remove(directory: string, name: string): Promise<void> {
    const { fileSystem, pace } = this.#modules;
    const path = join(directory, name);
    const draft = isDraftName(name) ? path : `${path}.draft`;
    if ((await this.#sizeOf(path)) > this.#pieceBytes) {
      try {
        if (draft !== path) {
          await pace.run(0, async () => {
            await fileSystem.rename(path, draft);
            await fileSystem.syncDirectory(directory);
          });
        }
        await this.#cut(draft);
      } catch {
        // It goes all the same.
      }
    }
    for (const each of new Set([path, draft])) await pace.run(0, () => removeIfPresent(fileSystem, each));
  }

  async #cut(path: string): Promise<void> {
    const file = await this.#modules.fileSystem.open(path);
    try {
      for (let end = (await file.size()) - this.#pieceBytes; end > 0; end -= this.#pieceBytes) {
        await this.#modules.pace.run(0, async () => {
          await file.truncate(end);
          await file.sync();
        });
      }
    } finally {
      await file.close();
    }
  }

  /** 0 if it is not there. */
  async #sizeOf(path: string): Promise<number> {
    const file = await this.#modules.fileSystem.open(path).catch(() => undefined);
    if (file === undefined) return 0;
    try {
      return await file.size();
    } finally {
      await file.close();
    }
  }
}

/** At a start: what a process that died was about to remove, among the segments. */
export async function removeDrafts(fileSystem: FileSystem, layout: StoreLayout): Promise<void> {
  for (const kind of ["log", "snapshots"] as const) {
    const directory = layout.segments(kind);
    for (const name of await fileSystem.list(directory)) {
      // A disk that lets nothing go lets the log be read.
      if (isDraftName(name)) await removeIfPresent(fileSystem, join(directory, name)).catch(() => {});
    }
  }
}
