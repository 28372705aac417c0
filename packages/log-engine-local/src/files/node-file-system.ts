import * as fs from "node:fs";
import { dirname } from "node:path";
import { type DirectoryLock, type FileSystem, type StorageFile, systemCode } from "./file-system.ts";
import { acquireLockFile } from "./lock-file.ts";

/**
 * The real disk. Callback calls instead of `fs/promises`: a `FileHandle` costs about twice the time per operation, and
 * every append pays for two.
 */
export class NodeFileSystem implements FileSystem {
  /** By hand: Node's recursive `mkdir` never returns where folders cannot be made, as in /proc. */
  async makeDirectory(path: string): Promise<void> {
    try {
      await makeOne(path);
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
      await this.makeDirectory(dirname(path));
      await makeOne(path);
    }
  }

  list(directory: string): Promise<string[]> {
    return fs.promises.readdir(directory);
  }

  async open(path: string): Promise<StorageFile> {
    return this.file(await this.openDescriptor(path));
  }

  async create(path: string): Promise<StorageFile> {
    return this.file(await this.createDescriptor(path));
  }

  openDescriptor(path: string): Promise<number> {
    return openFile(path, fs.constants.O_RDWR);
  }

  createDescriptor(path: string): Promise<number> {
    return openFile(path, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL);
  }

  file(descriptor: number): StorageFile {
    return new NodeFile(descriptor);
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return fs.promises.unlink(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    const descriptor = await openFile(directory, fs.constants.O_RDONLY);
    try {
      await new Promise<void>((resolve, reject) => {
        fs.fsync(descriptor, (error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      await new NodeFile(descriptor).close();
    }
  }

  lock(path: string): Promise<DirectoryLock> {
    return acquireLockFile(path);
  }
}

class NodeFile implements StorageFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, buffer, offset, length, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#descriptor, buffer, offset, length, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#descriptor, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    });
  }

  truncate(length: number): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.ftruncate(this.#descriptor, length, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.close(this.#descriptor, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await fs.promises.mkdir(path, 0o750);
  } catch (error) {
    if (systemCode(error) !== "EEXIST" || !(await fs.promises.stat(path)).isDirectory()) throw error;
  }
}

function openFile(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o640, (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
}
