import type { DirectoryLock, FileSystem, StorageFile } from "../../src/files/file-system.ts";

/** A file system that lets a test act at a chosen moment: something that happens between two steps of the engine. */
export class HookedFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  /** Waited for before the engine gets the bytes of a single record of a segment, and not those of a walk. */
  afterRecordRead: (() => Promise<void>) | undefined;
  /** Paths of files in the order in which they were closed. */
  readonly closed: string[] = [];

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#inner.makeDirectory(path);
  }

  list(directory: string): Promise<string[]> {
    return this.#inner.list(directory);
  }

  async open(path: string): Promise<StorageFile> {
    return this.#hooked(await this.#inner.open(path), path);
  }

  async create(path: string): Promise<StorageFile> {
    return this.#hooked(await this.#inner.create(path), path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#inner.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#inner.remove(path);
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#inner.syncDirectory(directory);
  }

  lock(path: string): Promise<DirectoryLock> {
    return this.#inner.lock(path);
  }

  #hooked(file: StorageFile, path: string): StorageFile {
    return {
      read: async (buffer, offset, length, position) => {
        const count = await file.read(buffer, offset, length, position);
        // A walk reads in pieces of 256 KiB; a record here is smaller.
        if (length < 64 * 1024) await this.afterRecordRead?.();
        return count;
      },
      write: (buffer, offset, length, position) => file.write(buffer, offset, length, position),
      sync: () => file.sync(),
      size: () => file.size(),
      truncate: (length) => file.truncate(length),
      close: async () => {
        this.closed.push(path);
        await file.close();
      },
    };
  }
}
