import { systemCode } from "../files/file-system.ts";
import { StoreFormatError } from "../format/store-format-error.ts";
import type { RecoveryModules } from "./recover.ts";

/**
 * Throws `StoreFormatError` if a folder of an existing store is missing. They are made, durably, before the store is, so
 * one that is not there has been lost with what was in it: without this the store would be an empty one. That checkpoints
 * are missing is noticed where the log does not reach back to its beginning.
 */
export async function requireFolders({
  fileSystem,
  layout,
}: Pick<RecoveryModules, "fileSystem" | "layout">): Promise<void> {
  for (const folder of [layout.segments("log"), layout.segments("snapshots")]) {
    try {
      await fileSystem.list(folder);
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      throw new StoreFormatError(`${folder} is missing; put it back, or restore the directory from a backup`);
    }
  }
}
