import {
  DirectoryInUse,
  type LocalLogEngine,
  type LocalLogModules,
  openLocalLogEngine,
  StoreFormatError,
} from "@tidewire/log-engine-local";
import { StartError } from "@tidewire/service";

export interface StorageSettings {
  readonly directory: string;
  readonly acceptUnattributedDamage: boolean;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "the folder cannot be made",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "there is a file of that name",
};

/** Opens the log, or says in one line why that is impossible and what to do. */
export async function openStorage(settings: StorageSettings, modules: LocalLogModules): Promise<LocalLogEngine> {
  const { directory, acceptUnattributedDamage } = settings;
  try {
    return await openLocalLogEngine({ directory, acceptsUnattributedDamage: acceptUnattributedDamage }, modules);
  } catch (error) {
    if (error instanceof DirectoryInUse || error instanceof StoreFormatError) {
      throw new StartError(`cannot use storage.directory ${directory}: ${error.message}`);
    }
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code !== "string") throw error;
    const reason = reasons[code] ?? (error as Error).message;
    throw new StartError(`cannot use storage.directory ${directory}: ${reason}; choose another folder or make room`);
  }
}
