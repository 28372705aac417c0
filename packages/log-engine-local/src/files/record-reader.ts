import type { StoreLayout } from "../format/layout.ts";
import { offsetOf, segmentOf } from "../format/location.ts";
import {
  type DecodedHeader,
  emptyHeader,
  type MutableHeader,
  payloadHolds,
  RECORD_HEADER_BYTES,
  readHeaderInto,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import { placesOf, type RecordPlaces, type RecordReference } from "../format/record-places.ts";
import type { SegmentTable } from "../index/segment-table.ts";
import { type FileSystem, readFully, type StorageFile, systemCode } from "./file-system.ts";

/** A record that should be at a place and is not there, or not whole. */
export class DamagedRecord extends Error {
  override readonly name = "DamagedRecord";
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
  /** When it was used last, as a number of uses. */
  usedAt: number;
}

/** Records of one document that stand close together come with one read, if no more than this lies between them. */
const GAP_MAX_BYTES = 16 * 1024;
/** Some hundred records: half a millisecond of looking at them. */
const RUN_MAX_BYTES = 256 * 1024;

/** Reads records back by their place, and trusts none whose checksums do not hold. */
export class RecordReader {
  readonly #modules: RecordReaderModules;
  readonly #openFilesMax: number;
  readonly #files = new Map<number, CachedFile>();
  #uses = 0;

  constructor(modules: RecordReaderModules, openFilesMax: number) {
    this.#modules = modules;
    this.#openFilesMax = openFilesMax;
  }

  /**
   * Gives what `use` makes of each record, in the order of the places; the header is another one's after that. In pieces
   * between which everything else gets its turn. Throws `DamagedRecord`, or what the disk says.
   */
  async readAll<Result>(
    places: RecordPlaces,
    use: (header: DecodedHeader, payload: Buffer) => Result,
  ): Promise<Result[]> {
    const results: Result[] = [];
    const header = emptyHeader();
    for (let first = 0; first < places.count; ) {
      const past = runEnd(places, first);
      const start = places.locationAt(first);
      const bytes = await this.#readRun(start, places.locationAt(past - 1) + places.lengthAt(past - 1));
      const salt = segmentSalt(this.#modules.storeId, segmentOf(start));
      for (let index = first; index < past; index++) {
        const payload = checkedPayload(
          header,
          bytes,
          { start, salt },
          places.locationAt(index),
          places.lengthAt(index),
        );
        results.push(use(header, payload));
      }
      first = past;
    }
    return results;
  }

  async read(reference: RecordReference): Promise<ReadRecord> {
    const [record] = await this.readAll(placesOf([reference]), (header, payload) => ({
      header: { ...header },
      payload,
    }));
    return record!;
  }

  /** Raw bytes of a segment; into `target`, if it is given. */
  async readBytes(segmentId: number, offset: number, length: number, target?: Buffer): Promise<Buffer> {
    return this.#withFile(segmentId, (file) => readFully(file, offset, length, target));
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

  /** From the record at `start` to the payload that ends a header behind `end`. */
  #readRun(start: number, end: number): Promise<Buffer> {
    return this.readBytes(segmentOf(start), offsetOf(start), end - start + RECORD_HEADER_BYTES);
  }

  async #withFile<Result>(segmentId: number, use: (file: StorageFile) => Promise<Result>): Promise<Result> {
    let cached = this.#files.get(segmentId);
    if (cached === undefined) {
      cached = { file: this.#openSegment(segmentId), readers: 0, usedAt: 0 };
      this.#files.set(segmentId, cached);
    }
    cached.usedAt = ++this.#uses;
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
    while (this.#files.size > this.#openFilesMax) {
      const idle = this.#longestIdle();
      if (idle === undefined) return;
      void this.forget(idle);
    }
  }

  /** Looked for when a file has to go: to keep them in order would renew the table of the map with every few reads. */
  #longestIdle(): number | undefined {
    let found: number | undefined;
    let foundAt = Number.POSITIVE_INFINITY;
    for (const [id, { readers, usedAt }] of this.#files) {
      if (readers > 0 || usedAt >= foundAt) continue;
      found = id;
      foundAt = usedAt;
    }
    return found;
  }
}

function runEnd(places: RecordPlaces, first: number): number {
  const start = places.locationAt(first);
  let end = start + recordBytes(places.lengthAt(first));
  let past = first + 1;
  for (; past < places.count; past++) {
    const next = places.locationAt(past);
    const nextEnd = next + recordBytes(places.lengthAt(past));
    if (segmentOf(next) !== segmentOf(start) || next < end || next - end > GAP_MAX_BYTES) break;
    if (nextEnd - start > RUN_MAX_BYTES) break;
    end = nextEnd;
  }
  return past;
}

/** The header is read into `header`. */
function checkedPayload(
  header: MutableHeader,
  bytes: Buffer,
  { start, salt }: { readonly start: number; readonly salt: number },
  location: number,
  length: number,
): Buffer {
  const offset = location - start;
  const isThere = readHeaderInto(header, bytes, offset, salt) && header.length === length;
  if (!isThere || !payloadHolds(bytes, offset, header)) {
    throw new DamagedRecord(`the record at ${segmentOf(location)}/${offsetOf(location)} is damaged`);
  }
  return bytes.subarray(offset + RECORD_HEADER_BYTES, offset + RECORD_HEADER_BYTES + length);
}
