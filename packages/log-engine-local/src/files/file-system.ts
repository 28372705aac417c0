/**
 * What the engine needs of a disk, and no more: small enough that the tests put a disk in its place that loses, tears
 * and reorders whatever was not synced. Failures carry the `code` of the system call (`ENOSPC`, `EIO`, ...).
 */
export interface FileSystem extends ReadableFiles {
  /** With its parents; fine if it exists. */
  makeDirectory(path: string): Promise<void>;
  /** Names in the directory, in no order. */
  list(directory: string): Promise<string[]>;
  /** Opens an existing file for reading and writing. */
  open(path: string): Promise<StorageFile>;
  /** Fails with `EEXIST` if it exists: nothing here ever truncates a file by opening it. */
  create(path: string): Promise<StorageFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in this directory durable. */
  syncDirectory(directory: string): Promise<void>;
  /** Throws `DirectoryInUse` if another live process holds it. */
  lock(path: string): Promise<DirectoryLock>;
}

/** The part that is enough to look at files. */
export interface ReadableFiles {
  open(path: string): Promise<ReadableFile>;
}

export interface ReadableFile {
  /** Bytes read, 0 at the end; may be fewer than asked for. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface StorageFile extends ReadableFile {
  /** Bytes written; may be fewer than asked for. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Everything written before the call is durable when it resolves (fdatasync). */
  sync(): Promise<void>;
  /** Both at once, where that is cheaper. On shared memory the bytes are not copied; they must not change meanwhile. */
  writeDurably?(bytes: Uint8Array, position: number): Promise<void>;
  size(): Promise<number>;
  truncate(length: number): Promise<void>;
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/** The data directory belongs to another process. The message says which one, for people. */
export class DirectoryInUse extends Error {
  override readonly name = "DirectoryInUse";
}

/** Writes all of it, however many system calls that takes. */
export async function writeFully(
  file: StorageFile,
  bytes: Uint8Array,
  position: number,
  length = bytes.length,
): Promise<void> {
  for (let done = 0; done < length; ) {
    const written = await file.write(bytes, done, length - done, position + done);
    // A disk that takes nothing and reports no error would be asked for ever.
    if (written <= 0) throw Object.assign(new Error("the disk wrote nothing"), { code: "EIO" });
    done += written;
  }
}

/** Resolves when all of it is on the disk. */
export async function writeDurably(file: StorageFile, bytes: Uint8Array, position: number): Promise<void> {
  if (file.writeDurably !== undefined) return file.writeDurably(bytes, position);
  await writeFully(file, bytes, position);
  await file.sync();
}

/** Reads `length` bytes, or fewer if the file ends before; into `target`, if it is given and large enough. */
export async function readFully(
  file: ReadableFile,
  position: number,
  length: number,
  target?: Buffer,
): Promise<Buffer> {
  const bytes = target !== undefined && target.length >= length ? target : Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = await file.read(bytes, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done === bytes.length ? bytes : bytes.subarray(0, done);
}

/** Writes a whole file under its final name, durably: half a file is never seen under that name. */
export async function replaceFile(
  fileSystem: FileSystem,
  target: { readonly directory: string; readonly path: string },
  bytes: Uint8Array,
): Promise<void> {
  const draft = `${target.path}.draft`;
  await removeIfPresent(fileSystem, draft);
  const file = await fileSystem.create(draft);
  try {
    await writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(draft, target.path);
  await fileSystem.syncDirectory(target.directory);
}

export async function removeIfPresent(fileSystem: FileSystem, path: string): Promise<void> {
  try {
    await fileSystem.remove(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

/** The code of a failed system call, or "". */
export function systemCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
