import { type DirectoryLock, type FileSystem, systemCode } from "../files/file-system.ts";
import { NodeFileSystem } from "../files/node-file-system.ts";
import { StoreLayout } from "../format/layout.ts";
import { readStoreFile } from "../format/store-file.ts";
import { StoreFormatError } from "../format/store-format-error.ts";
import { type RecoveredStore, recover } from "../recovery/recover.ts";
import { requireFolders } from "../recovery/require-folders.ts";

export interface OfflineModules {
  /** The real disk unless given. */
  readonly fileSystem?: FileSystem;
}

export interface OfflineStore {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly storeId: string;
  readonly recovered: RecoveredStore;
  readonly lock: DirectoryLock;
}

/** A data directory for tools that look at it while no process serves it. Nothing in it is changed but the lock. */
export async function openOffline(directory: string, modules: OfflineModules): Promise<OfflineStore> {
  const fileSystem = modules.fileSystem ?? new NodeFileSystem();
  const layout = new StoreLayout(directory);
  const identity = await readStoreFile(fileSystem, layout);
  if (identity === undefined) throw new StoreFormatError(`there is no log in ${directory}`);
  await requireFolders({ fileSystem, layout });
  const lock = await fileSystem.lock(layout.lockFile);
  try {
    const { storeId } = identity;
    return { fileSystem, layout, storeId, lock, recovered: await recover({ fileSystem, layout, storeId }) };
  } catch (error) {
    await lock.release();
    if (systemCode(error) === "ENOENT") throw new StoreFormatError(`a file of the log in ${directory} is missing`);
    throw error;
  }
}
