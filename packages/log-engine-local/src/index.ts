export { DirectoryInUse, type DirectoryLock, type FileSystem, type StorageFile } from "./files/file-system.ts";
export { NodeFileSystem } from "./files/node-file-system.ts";
export { StoreFormatError } from "./format/store-format-error.ts";
export type { LocalLogEngine, LocalLogStatus } from "./local-log-engine.ts";
export { type LocalLogModules, type LocalLogSettings, openLocalLogEngine } from "./open-local-log-engine.ts";
export { defaultLocalLogOptions, type LocalLogOptions } from "./options.ts";
export type { LogProblem } from "./recovery/problem.ts";
