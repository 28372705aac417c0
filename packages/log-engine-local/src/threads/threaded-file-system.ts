import type { DirectoryLock, FileSystem, StorageFile } from "../files/file-system.ts";
import { NodeFileSystem } from "../files/node-file-system.ts";
import type { HistoryModules, HistoryQuery } from "../history/history-scan.ts";
import { HistoryTooLong } from "../history/history-scan.ts";
import type { RecordedHistory } from "../history/recorded-history.ts";
import { IoThread, IoThreadLost, type IoThreadModules } from "./io-thread.ts";

export interface ThreadedFileSystemOptions {
  readonly entry: URL;
  readonly stallMs: number;
}

/**
 * The real disk, with everything that writes and syncs in two threads of the log's own: one for the log, one for what
 * compaction writes. Neither waits for libuv's pool, which compression, name look-ups and every other file of the process
 * share: with that pool full, appends through it take seven times as long (research/storage.md 3.7).
 *
 * Both have the same priority. A lower one for the second does not pay: Linux lets whoever runs finish a slice of 2.8 ms
 * first, and what this thread does at a time takes a tenth of that. Beside bursts of 0.3 ms on the same core, waits of the
 * other were 58 ms of a second at the same priority, and 60, 60 and 61 at nice 5, 10 and 19.
 */
export class ThreadedFileSystem implements FileSystem {
  readonly #disk = new NodeFileSystem();
  readonly #log: IoThread;
  readonly #store: IoThread;

  constructor(modules: IoThreadModules, options: ThreadedFileSystemOptions) {
    this.#log = new IoThread(modules, { ...options, name: "log", hasDesk: true });
    this.#store = new IoThread(modules, { ...options, name: "store", hasDesk: false });
    // Both at once, while the main thread reads the directory.
    this.#log.start();
    this.#store.start();
  }

  makeDirectory(path: string): Promise<void> {
    return this.#disk.makeDirectory(path);
  }

  list(directory: string): Promise<string[]> {
    return this.#disk.list(directory);
  }

  async open(path: string): Promise<StorageFile> {
    return this.#threaded(path, await this.#disk.openDescriptor(path));
  }

  async create(path: string): Promise<StorageFile> {
    return this.#threaded(path, await this.#disk.createDescriptor(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#store.run({ kind: "syncDirectory", path });
  }

  lock(path: string): Promise<DirectoryLock> {
    return this.#disk.lock(path);
  }

  async scanHistory({ layout, storeId }: HistoryModules, query: HistoryQuery): Promise<RecordedHistory> {
    try {
      const { directory } = layout;
      return (await this.#store.run({ kind: "scanHistory", directory, storeId, query })) as RecordedHistory;
    } catch (error) {
      throw (error as Error).name === "HistoryTooLong" ? new HistoryTooLong() : error;
    }
  }

  /** Ends the threads. Nothing may be under way. */
  async close(): Promise<void> {
    await Promise.all([this.#log.close(), this.#store.close()]);
  }

  #threaded(path: string, descriptor: number): StorageFile {
    return new ThreadedFile(this.#disk.file(descriptor), descriptor, path.endsWith(".wal") ? this.#log : this.#store);
  }
}

class ThreadedFile implements StorageFile {
  readonly #file: StorageFile;
  readonly #descriptor: number;
  readonly #thread: IoThread;
  /** A thread that was given up may still be at work on it. */
  #isLost = false;

  constructor(file: StorageFile, descriptor: number, thread: IoThread) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#thread = thread;
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return this.#file.read(buffer, offset, length, position);
  }

  async write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    await this.#run(buffer.subarray(offset, offset + length), position, false);
    return length;
  }

  writeDurably(bytes: Uint8Array, position: number): Promise<void> {
    return this.#run(bytes, position, true);
  }

  async sync(): Promise<void> {
    await this.#thread.run({ kind: "sync", descriptor: this.#descriptor }).catch((error: unknown) => this.#fail(error));
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  truncate(length: number): Promise<void> {
    return this.#file.truncate(length);
  }

  /** The number of a closed file is given to another one: what a lost thread may still write must not end up there. */
  async close(): Promise<void> {
    if (!this.#isLost) await this.#file.close();
  }

  async #run(bytes: Uint8Array, position: number, isSynced: boolean): Promise<void> {
    const operation = { kind: "write", descriptor: this.#descriptor, bytes, position, isSynced } as const;
    await this.#thread.run(operation).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): never {
    if (error instanceof IoThreadLost) this.#isLost = true;
    throw error;
  }
}
