import type { StoreLayout } from "../format/layout.ts";
import { offsetOf, segmentOf } from "../format/location.ts";
import {
  type DecodedHeader,
  payloadHolds,
  RECORD_HEADER_BYTES,
  readHeader,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import type { SegmentTable } from "../index/segment-table.ts";
import { type FileSystem, readFully, type StorageFile, systemCode } from "./file-system.ts";

/** A record that should be at a place and is not there, or not whole. */
export class DamagedRecord extends Error {
  override readonly name = "DamagedRecord";
}

export interface RecordReference {
  readonly location: number;
  /** Bytes of the payload. */
  readonly length: number;
}

export interface ReadRecord {
  readonly header: DecodedHeader;
  readonly payload: Buffer;
}

export interface RecordReaderModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly segments: SegmentTable;
  readonly storeId: string;
}

interface CachedFile {
  readonly file: Promise<StorageFile>;
  readers: number;
}

/** Records of one document that stand close together come with one read, if no more than this lies between them. */
const GAP_MAX_BYTES = 16 * 1024;
const RUN_MAX_BYTES = 1024 * 1024;

/** Reads records back by their place, and trusts none whose checksums do not hold. */
export class RecordReader {
  readonly #modules: RecordReaderModules;
  readonly #openFilesMax: number;
  /** In order of last use. */
  readonly #files = new Map<number, CachedFile>();

  constructor(modules: RecordReaderModules, openFilesMax: number) {
    this.#modules = modules;
    this.#openFilesMax = openFilesMax;
  }

  /** In the order of the references. Throws `DamagedRecord`, or what the disk says. */
  async readAll(references: readonly RecordReference[]): Promise<ReadRecord[]> {
    const records: ReadRecord[] = [];
    for (let first = 0; first < references.length; ) {
      const past = runEnd(references, first);
      records.push(...(await this.#readRun(references.slice(first, past))));
      first = past;
    }
    return records;
  }

  async read(reference: RecordReference): Promise<ReadRecord> {
    return (await this.#readRun([reference]))[0]!;
  }

  /** Raw bytes of a segment, for the background. */
  async readBytes(segmentId: number, offset: number, length: number): Promise<Buffer> {
    return this.#withFile(segmentId, (file) => readFully(file, offset, length));
  }

  /** Closes the file if it is open; it is about to be removed. */
  async forget(segmentId: number): Promise<void> {
    const cached = this.#files.get(segmentId);
    this.#files.delete(segmentId);
    const file = await cached?.file.catch(() => undefined);
    await file?.close().catch(() => {});
  }

  async close(): Promise<void> {
    for (const id of this.#files.keys()) await this.forget(id);
  }

  async #readRun(run: readonly RecordReference[]): Promise<ReadRecord[]> {
    const start = run[0]!.location;
    const last = run.at(-1)!;
    const segmentId = segmentOf(start);
    const bytes = await this.readBytes(
      segmentId,
      offsetOf(start),
      last.location - start + RECORD_HEADER_BYTES + last.length,
    );
    const salt = segmentSalt(this.#modules.storeId, segmentId);
    return run.map((reference) => checkedRecord(bytes, reference.location - start, salt, reference));
  }

  async #withFile<Result>(segmentId: number, use: (file: StorageFile) => Promise<Result>): Promise<Result> {
    const cached = this.#files.get(segmentId) ?? { file: this.#openSegment(segmentId), readers: 0 };
    // Set again, so that it is the one used last.
    this.#files.delete(segmentId);
    this.#files.set(segmentId, cached);
    cached.readers++;
    try {
      return await use(await this.#opened(segmentId, cached));
    } finally {
      cached.readers--;
      this.#closeIdle();
    }
  }

  async #opened(segmentId: number, cached: CachedFile): Promise<StorageFile> {
    try {
      return await cached.file;
    } catch (error) {
      // Tried again next time.
      if (this.#files.get(segmentId) === cached) this.#files.delete(segmentId);
      if (systemCode(error) === "ENOENT") throw new DamagedRecord(`segment ${segmentId} is missing`);
      throw error;
    }
  }

  #openSegment(segmentId: number): Promise<StorageFile> {
    const segment = this.#modules.segments.get(segmentId);
    if (segment === undefined) return Promise.reject(new DamagedRecord(`segment ${segmentId} is missing`));
    return this.#modules.fileSystem.open(this.#modules.layout.segment(segment.kind, segmentId));
  }

  #closeIdle(): void {
    if (this.#files.size <= this.#openFilesMax) return;
    for (const [id, { readers }] of this.#files) {
      if (readers > 0) continue;
      void this.forget(id);
      if (this.#files.size <= this.#openFilesMax) return;
    }
  }
}

function runEnd(references: readonly RecordReference[], first: number): number {
  const start = references[first]!.location;
  let past = first + 1;
  for (; past < references.length; past++) {
    const before = references[past - 1]!;
    const next = references[past]!;
    const gap = next.location - (before.location + recordBytes(before.length));
    const runBytes = next.location + recordBytes(next.length) - start;
    if (segmentOf(next.location) !== segmentOf(start) || gap < 0 || gap > GAP_MAX_BYTES) break;
    if (runBytes > RUN_MAX_BYTES) break;
  }
  return past;
}

function checkedRecord(bytes: Buffer, offset: number, salt: number, reference: RecordReference): ReadRecord {
  const header = readHeader(bytes, offset, salt);
  if (header === undefined || header.length !== reference.length || !payloadHolds(bytes, offset, header)) {
    const { location } = reference;
    throw new DamagedRecord(`the record at ${segmentOf(location)}/${offsetOf(location)} is damaged`);
  }
  const start = offset + RECORD_HEADER_BYTES;
  return { header, payload: bytes.subarray(start, start + header.length) };
}
