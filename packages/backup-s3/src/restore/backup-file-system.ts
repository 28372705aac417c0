import { basename, dirname, join } from "node:path";
import type { DirectoryLock, FileSystem, StorageFile } from "@tidewire/log-engine-local";
import type { BackupFile, BackupManifest } from "../store/manifest.ts";
import type { PartSource } from "./part-source.ts";
import { pathOf } from "./restore-directory.ts";

/** Parts are kept up to this many bytes: files are read from front to back, and the end of the log twice. */
const CACHE_BYTES = 128 * 1024 * 1024;

interface CachedPart {
  readonly bytes: Promise<Buffer>;
  /** As the manifest says. */
  readonly sizeBytes: number;
}

/**
 * A data directory that is in the backup only, for tools that read. Files that have left the store since are in it too:
 * that is where documents are found as they were.
 */
export class BackupFileSystem implements FileSystem {
  readonly #source: PartSource;
  readonly #manifest: BackupManifest;
  readonly #files = new Map<string, BackupFile>();
  readonly #cache = new Map<string, CachedPart>();
  #cachedBytes = 0;

  constructor(source: PartSource, manifest: BackupManifest, directory: string) {
    this.#source = source;
    this.#manifest = manifest;
    for (const file of manifest.files) this.#files.set(pathOf(directory, file), file);
  }

  async list(directory: string): Promise<string[]> {
    return [...this.#files.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path));
  }

  async open(path: string): Promise<StorageFile> {
    if (basename(path) === "STORE") return new BytesFile(async () => Buffer.from(this.#manifest.store, "latin1"));
    const file = this.#files.get(path);
    if (file === undefined) throw Object.assign(new Error(`${path} is not in the backup`), { code: "ENOENT" });
    return new PartsFile(file, this.#source.isEndOfLog(file), (part) => this.#part(file, part));
  }

  async lock(): Promise<DirectoryLock> {
    return { release: async () => {} };
  }

  makeDirectory = readOnly;
  create = readOnly;
  rename = readOnly;
  remove = readOnly;
  syncDirectory = readOnly;

  #part(file: BackupFile, part: BackupFile["parts"][number]): Promise<Buffer> {
    const key = join(file.kind, String(file.id), String(part.from));
    const known = this.#cache.get(key);
    if (known !== undefined) return known.bytes;
    const bytes = this.#source.read(file, part);
    const sizeBytes = part.to - part.from;
    this.#cache.set(key, { bytes, sizeBytes });
    this.#cachedBytes += sizeBytes;
    for (const [oldest, dropped] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES || oldest === key) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= dropped.sizeBytes;
    }
    return bytes;
  }
}

function readOnly(): never {
  throw Object.assign(new Error("a backup is not written to like this"), { code: "EROFS" });
}

abstract class ReadOnlyFile implements StorageFile {
  abstract read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  abstract size(): Promise<number>;
  write = readOnly;
  sync = readOnly;
  truncate = readOnly;
  async close(): Promise<void> {}
}

class BytesFile extends ReadOnlyFile {
  readonly #bytes: () => Promise<Buffer>;

  constructor(bytes: () => Promise<Buffer>) {
    super();
    this.#bytes = bytes;
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    const wanted = (await this.#bytes()).subarray(position, position + length);
    buffer.set(wanted, offset);
    return wanted.length;
  }

  async size(): Promise<number> {
    return (await this.#bytes()).length;
  }
}

class PartsFile extends ReadOnlyFile {
  readonly #file: BackupFile;
  readonly #isEndOfLog: boolean;
  readonly #part: (part: BackupFile["parts"][number]) => Promise<Buffer>;

  constructor(file: BackupFile, isEndOfLog: boolean, part: (part: BackupFile["parts"][number]) => Promise<Buffer>) {
    super();
    this.#file = file;
    this.#isEndOfLog = isEndOfLog;
    this.#part = part;
  }

  /** Of one part at a time: the caller asks for the rest. */
  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    const { parts } = this.#file;
    const part = parts.find(({ from, to }) => from <= position && position < to) ?? this.#lastPart;
    if (part === undefined) return 0;
    const bytes = await this.#part(part);
    const wanted = bytes.subarray(position - part.from, position - part.from + length);
    buffer.set(wanted, offset);
    return wanted.length;
  }

  async size(): Promise<number> {
    const last = this.#lastPart;
    return last === undefined ? this.#file.sizeBytes : last.from + (await this.#part(last)).length;
  }

  /** Of the end of the log: what stands in for it when it is lost is longer, and says by that that it is no torn write. */
  get #lastPart(): BackupFile["parts"][number] | undefined {
    return this.#isEndOfLog ? this.#file.parts.at(-1) : undefined;
  }
}
