import type { Random } from "@tidewire/foundation";
import { DirectoryInUse, type DirectoryLock, type FileSystem, type StorageFile } from "../../src/files/file-system.ts";
import { SimulatedFile } from "./simulated-file.ts";

export type DiskOperation = "write" | "sync" | "create" | "rename" | "remove" | "truncate" | "syncDirectory" | "read";

/** Promises the disk breaks, to see that the tests notice. */
export interface DiskLies {
  /** `sync` of files whose path matches resolves, and nothing is durable. */
  readonly sync?: RegExp;
  readonly syncDirectory?: RegExp;
}

type Begin = (operation: DiskOperation, path: string, torn?: () => void) => Promise<void>;

interface DirectoryChange {
  readonly apply: (names: Map<string, SimulatedFile>) => void;
}

interface Directory {
  readonly current: Map<string, SimulatedFile>;
  readonly durable: Map<string, SimulatedFile>;
  changes: DirectoryChange[];
}

/**
 * A disk that keeps its promises and not one more (research/storage.md 3.10). What was not synced may be lost when the
 * power goes, sector by sector and in any order, in files and in directories; a file that had grown may show zeros or
 * what another file left behind. When only the process dies, everything written stays visible, and stays unsynced.
 */
export class SimulatedDisk {
  readonly #random: Random;
  readonly #directories = new Map<string, Directory>();
  readonly #locks = new Set<string>();
  /** Contents of removed files: what their blocks still hold. */
  readonly #leftovers: Buffer[] = [];
  readonly #planned: { operation: DiskOperation; code: string; path: RegExp }[] = [];
  readonly #stalled: { operation: DiskOperation; released: Promise<void> }[] = [];
  #generation = 0;
  #countdown = Number.POSITIVE_INFINITY;
  #off: (() => void) | undefined;
  #isOff = false;
  lies: DiskLies = {};
  /** Bytes of all files together. */
  capacityBytes = Number.POSITIVE_INFINITY;
  isReadOnly = false;
  hasShortWrites = false;
  /** Counts changes: where a cut can be placed. */
  operations = 0;
  /** Counts writes for which there was no room. */
  roomlessWrites = 0;
  /** Counts files that became segments although they had been something before. */
  recycledSegments = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The power goes, or the process dies, at the change with this number from now. Resolves when it has happened. */
  cutAfter(changes: number): Promise<void> {
    this.#countdown = changes;
    return new Promise((resolve) => {
      this.#off = resolve;
    });
  }

  /** Nothing happens any more: operations under way and later ones never answer. */
  cutNow(): void {
    this.#isOff = true;
    this.#off?.();
  }

  /** On again. Whoever used the disk before is gone: their operations never answer. */
  restart(how: "power" | "process"): void {
    this.#generation++;
    this.#isOff = false;
    this.#countdown = Number.POSITIVE_INFINITY;
    this.#locks.clear();
    this.#planned.length = 0;
    if (how === "process") return;
    for (const directory of this.#directories.values()) {
      directory.current.clear();
      for (const [name, file] of directory.durable) directory.current.set(name, file);
      for (const change of directory.changes) if (this.#random.next() < 0.5) change.apply(directory.current);
      directory.durable.clear();
      for (const [name, file] of directory.current) directory.durable.set(name, file);
      directory.changes = [];
      for (const file of directory.current.values()) file.losePower(this.#random, this.#leftovers);
    }
  }

  /** Tells whether the process that uses the disk now still lives, whenever it is asked. */
  lifeSign(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation && !this.#isOff;
  }

  /** The next such operation on a matching path fails with this code. */
  failNext(operation: DiskOperation, code: string, path = /./): void {
    this.#planned.push({ operation, code, path });
  }

  /** The next such operation takes until the returned function is called. */
  stallNext(operation: DiskOperation): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#stalled.push({ operation, released });
    return release;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const { current } of this.#directories.values()) for (const file of current.values()) bytes += file.size;
    return bytes;
  }

  paths(): string[] {
    return [...this.#directories].flatMap(([path, { current }]) =>
      [...current.keys()].map((name) => `${path}/${name}`),
    );
  }

  /** The file as it would be read now; changes to the result are changes to the disk. */
  file(path: string): SimulatedFile {
    const [directory, name] = this.#locate(path);
    const file = directory.current.get(name);
    if (file === undefined) throw failure("ENOENT", path);
    return file;
  }

  /** The disk as one process sees it: when that process is dead, nothing it still does has any effect or answer. */
  mount(): FileSystem {
    const generation = this.#generation;
    const begin: Begin = (operation, path, torn) => this.#begin(generation, operation, path, torn);
    return {
      makeDirectory: (path) => this.#makeDirectory(path),
      list: (path) => this.#list(begin, path),
      open: async (path) => {
        await begin("read", path);
        return this.#handle(begin, path, this.file(path));
      },
      create: (path) => this.#create(begin, path),
      rename: (from, to) => this.#rename(begin, from, to),
      remove: (path) => this.#remove(begin, path),
      syncDirectory: (path) => this.#syncDirectory(begin, path),
      lock: (path) => this.#lock(path),
    };
  }

  async #makeDirectory(path: string): Promise<void> {
    if (!this.#directories.has(path)) {
      this.#directories.set(path, { current: new Map(), durable: new Map(), changes: [] });
    }
  }

  async #list(begin: Begin, path: string): Promise<string[]> {
    await begin("read", path);
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure("ENOENT", path);
    return [...directory.current.keys()];
  }

  async #create(begin: Begin, path: string): Promise<StorageFile> {
    await begin("create", path);
    const [directory, name] = this.#locate(path);
    if (directory.current.has(name)) throw failure("EEXIST", path);
    const file = new SimulatedFile();
    this.#change(directory, (names) => names.set(name, file));
    return this.#handle(begin, path, file);
  }

  async #rename(begin: Begin, from: string, to: string): Promise<void> {
    await begin("rename", from);
    const [source, sourceName] = this.#locate(from);
    const [target, targetName] = this.#locate(to);
    const file = this.file(from);
    if (to.endsWith(".wal")) this.recycledSegments++;
    if (source === target) {
      this.#change(source, (names) => {
        names.delete(sourceName);
        names.set(targetName, file);
      });
      return;
    }
    this.#change(target, (names) => names.set(targetName, file));
    this.#change(source, (names) => names.delete(sourceName));
  }

  async #remove(begin: Begin, path: string): Promise<void> {
    await begin("remove", path);
    const [directory, name] = this.#locate(path);
    // Only what looks like a log can be mistaken for one.
    if (path.endsWith(".wal")) this.#leftovers.push(this.file(path).contents());
    this.#change(directory, (names) => names.delete(name));
  }

  async #syncDirectory(begin: Begin, path: string): Promise<void> {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw failure("ENOENT", path);
    const changes = [...directory.changes];
    await begin("syncDirectory", path);
    if (this.lies.syncDirectory?.test(path) === true) return;
    for (const change of changes) change.apply(directory.durable);
    directory.changes = directory.changes.filter((change) => !changes.includes(change));
  }

  async #lock(path: string): Promise<DirectoryLock> {
    if (this.#locks.has(path)) throw new DirectoryInUse(`another process uses ${path}`);
    this.#locks.add(path);
    return { release: async () => void this.#locks.delete(path) };
  }

  #handle(enter: Begin, path: string, file: SimulatedFile): StorageFile {
    const begin = (operation: DiskOperation, torn?: () => void): Promise<void> => enter(operation, path, torn);
    return {
      read: async (buffer, offset, length, position) => {
        await begin("read");
        return file.read(buffer, offset, length, position);
      },
      write: async (buffer, offset, length, position) => {
        const bytes = Buffer.from(buffer.subarray(offset, offset + length));
        // When the power goes during a write, any part of it may have reached the cache.
        await begin("write", () => file.write(bytes.subarray(0, this.#random.below(length + 1)), position));
        // What is written over is there already, however full the disk is.
        const room = Math.max(0, this.capacityBytes - this.usedBytes) + Math.max(0, file.size - position);
        const wanted = this.hasShortWrites && this.#random.next() < 0.3 ? 1 + this.#random.below(length) : length;
        const written = Math.min(wanted, room);
        if (written <= 0) {
          this.roomlessWrites++;
          throw failure("ENOSPC", path);
        }
        file.write(bytes.subarray(0, written), position);
        return written;
      },
      sync: async () => {
        const covered = file.unsynced;
        try {
          await begin("sync");
        } catch (error) {
          // The kernel reports the failure once and forgets that these pages were ever dirty.
          file.forgetUnsynced(covered);
          throw error;
        }
        if (this.lies.sync?.test(path) !== true) file.makeDurable(covered);
      },
      size: async () => {
        await begin("read");
        return file.size;
      },
      truncate: async (length) => {
        await begin("truncate");
        file.truncate(length);
      },
      close: async () => {},
    };
  }

  /** Takes its time, fails as planned, and never comes back if the disk is off. */
  async #begin(generation: number, operation: DiskOperation, path: string, torn = (): void => {}): Promise<void> {
    for (let turns = this.#random.below(3); turns >= 0; turns--) await Promise.resolve();
    const stalled = this.#stalled.findIndex((each) => each.operation === operation);
    if (stalled >= 0) await this.#stalled.splice(stalled, 1)[0]!.released;
    if (this.#isOff || generation !== this.#generation) return new Promise(() => {});
    const planned = this.#planned.findIndex((fault) => fault.operation === operation && fault.path.test(path));
    if (planned >= 0) throw failure(this.#planned.splice(planned, 1)[0]!.code, path);
    if (operation === "read") return;
    if (this.isReadOnly) throw failure("EROFS", path);
    this.operations++;
    if (--this.#countdown > 0) return;
    torn();
    this.cutNow();
    return new Promise(() => {});
  }

  #change(directory: Directory, apply: DirectoryChange["apply"]): void {
    apply(directory.current);
    directory.changes.push({ apply });
  }

  #locate(path: string): [Directory, string] {
    const slash = path.lastIndexOf("/");
    const directory = this.#directories.get(path.slice(0, slash));
    if (directory === undefined) throw failure("ENOENT", path);
    return [directory, path.slice(slash + 1)];
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
