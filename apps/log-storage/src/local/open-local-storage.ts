import type { LogShard } from "@tidewire/log-engine";
import {
  DirectoryInUse,
  defaultLocalLogOptions,
  type LocalLogEngine,
  type LocalLogModules,
  openLocalLogEngine,
  StoreFormatError,
} from "@tidewire/log-engine-local";
import { StartError, z } from "@tidewire/service";
import type { OpenedStorage } from "../open-storage.ts";
import { StateFile } from "./state-file.ts";

export const localStorageSettings = {
  directory: z
    .string()
    .min(1)
    .optional()
    .describe("folder that holds the log; created if missing, one process at a time"),
  acceptUnattributedDamage: z
    .boolean()
    .default(false)
    .describe("start although damaged bytes cannot be tied to a document; some document may lack its last records"),
  historyMs: z
    .number()
    .int()
    .min(0)
    .default(defaultLocalLogOptions.historyMs)
    .describe("how long records that snapshots have replaced stay readable; 0: not at all"),
  historyMaxBytes: z
    .number()
    .int()
    .min(0)
    .default(defaultLocalLogOptions.historyMaxBytes)
    .describe("bytes of disk for such records; beyond it the oldest go first"),
  deletionMs: z
    .number()
    .int()
    .min(0)
    .default(defaultLocalLogOptions.deletionMs)
    .describe("how long the outcomes of markers of a deleted document are kept; not less than document.markerAge"),
  deletionsMaxBytes: z
    .number()
    .int()
    .min(0)
    .default(defaultLocalLogOptions.deletionsMaxBytes)
    .describe("bytes of disk for them; beyond it the oldest are forgotten"),
} as const;

/** Beside `main.js` in the bundle; see build.mjs. */
const ioWorker = new URL("./log-io-worker.js", import.meta.url);

export interface LocalStorageSettings {
  readonly directory?: string | undefined;
  readonly acceptUnattributedDamage: boolean;
  readonly historyMs: number;
  readonly historyMaxBytes: number;
  readonly deletionMs: number;
  readonly deletionsMaxBytes: number;
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

/** Opens the log in a folder of this machine. */
export async function openLocalStorage(
  settings: LocalStorageSettings,
  shard: LogShard,
  modules: LocalLogModules,
): Promise<OpenedStorage> {
  const { directory } = settings;
  if (directory === undefined) {
    throw new StartError("set storage.directory: the folder that holds the log", 2);
  }
  try {
    const state = await StateFile.open(directory, shard);
    const engine = await openEngine({ ...settings, directory }, modules);
    return { engine, state, files: engine.files };
  } catch (error) {
    if (error instanceof DirectoryInUse || error instanceof StoreFormatError) {
      throw new StartError(`cannot use storage.directory ${directory}: ${error.message}`);
    }
    const code = (error as { readonly code?: unknown }).code;
    if (error instanceof StartError || typeof code !== "string") throw error;
    const reason = reasons[code] ?? (error as Error).message;
    throw new StartError(`cannot use storage.directory ${directory}: ${reason}; choose another folder or make room`);
  }
}

function openEngine(
  settings: LocalStorageSettings & { readonly directory: string },
  modules: LocalLogModules,
): Promise<LocalLogEngine> {
  const { acceptUnattributedDamage, directory, historyMs, historyMaxBytes, deletionMs, deletionsMaxBytes } = settings;
  const kept = { historyMs, historyMaxBytes, deletionMs, deletionsMaxBytes };
  const options = { directory, ...kept, acceptsUnattributedDamage: acceptUnattributedDamage };
  return openLocalLogEngine(options, { ioWorker, ...modules });
}
