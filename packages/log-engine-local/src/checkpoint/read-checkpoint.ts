import { crc32 } from "node:zlib";
import { Reader } from "@tidewire/wire";
import { type FileSystem, readFully, type StorageFile } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import { ROW_BYTES } from "../index/document-page.ts";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAX_BYTES,
  BlockKind,
  type CheckpointHead,
  readDamage,
  readHead,
  readListed,
  readPage,
  readTails,
  takeNumber,
} from "./checkpoint-format.ts";

/** A checkpoint that is not what was written. An older one, or the whole log, takes its place. */
export class DamagedCheckpoint extends Error {
  override readonly name = "DamagedCheckpoint";
}

/** Only the head: which part of the log a checkpoint holds. Throws `DamagedCheckpoint`. */
export function readCheckpointHead(fileSystem: FileSystem, layout: StoreLayout, id: number): Promise<CheckpointHead> {
  return withCheckpoint(fileSystem, layout, id, async (file) => {
    const blocks = new BlockReader(file, await file.size());
    return readHead(new Reader(await blocks.next()));
  });
}

/** Fills an empty index. Throws `DamagedCheckpoint`; the index is then of no use. */
export function readCheckpoint(
  fileSystem: FileSystem,
  layout: StoreLayout,
  id: number,
  index: DocumentIndex,
): Promise<CheckpointHead & { readonly sizeBytes: number }> {
  return withCheckpoint(fileSystem, layout, id, async (file) => {
    const sizeBytes = await file.size();
    const blocks = new BlockReader(file, sizeBytes);
    const head = readHead(new Reader(await blocks.next()));
    if (head.id !== id) throw new DamagedCheckpoint("it bears another number");
    // A document takes more than its row.
    index.columns.reserve(Math.min(head.documents, sizeBytes / ROW_BYTES));
    let isListed = new Uint8Array(0);
    let documents: number | undefined;
    while (!blocks.isAtEnd) {
      const reader = new Reader(await blocks.next());
      const kind = takeNumber(reader);
      if (kind === BlockKind.page) readPage(reader, index);
      else if (kind === BlockKind.tails) readTails(reader, index);
      else if (kind === BlockKind.listed) {
        // These blocks come when every page is read.
        if (isListed.length === 0) isListed = new Uint8Array(index.columns.nextId);
        readListed(reader, index, isListed);
      } else if (kind === BlockKind.damage) readDamage(reader, index);
      else if (kind === BlockKind.end) documents = takeNumber(reader);
      else throw new DamagedCheckpoint(`a block of unknown kind ${kind}`);
    }
    if (documents !== index.count) throw new DamagedCheckpoint("documents are missing");
    listOthers(index, isListed);
    return { ...head, sizeBytes };
  });
}

/** Documents that were created while the checkpoint was written, after the lists were taken. */
function listOthers(index: DocumentIndex, isListed: Uint8Array): void {
  const { columns } = index;
  for (let id = 1; id < columns.nextId; id++) {
    if (isListed[id] !== 1 && columns.has(id) && columns.exists(id)) index.adoptUnlisted(id);
  }
}

async function withCheckpoint<Result>(
  fileSystem: FileSystem,
  layout: StoreLayout,
  id: number,
  read: (file: StorageFile) => Promise<Result>,
): Promise<Result> {
  const file = await fileSystem.open(layout.checkpoint(id));
  try {
    return await read(file);
  } catch (error) {
    if (error instanceof DamagedCheckpoint) throw error;
    throw new DamagedCheckpoint(`checkpoint ${id} is damaged`, { cause: error });
  } finally {
    await file.close();
  }
}

/** Read ahead: a page of documents is a tenth of this. */
const WINDOW_BYTES = 1024 * 1024;

class BlockReader {
  readonly #file: StorageFile;
  readonly #sizeBytes: number;
  #position = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  constructor(file: StorageFile, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** The block read last was the last one. */
  get isAtEnd(): boolean {
    return this.#position === this.#sizeBytes;
  }

  async next(): Promise<Buffer> {
    const header = await this.#bytes(this.#position, BLOCK_HEADER_BYTES);
    const length = header.readUInt32LE(0);
    const crc = header.readUInt32LE(4);
    const start = this.#position + BLOCK_HEADER_BYTES;
    // Checked before anything is allocated.
    if (length > BLOCK_MAX_BYTES) throw new DamagedCheckpoint("a block is too long");
    const body = await this.#bytes(start, length);
    if (crc32(body) !== crc) throw new DamagedCheckpoint("a block is bad");
    this.#position = start + length;
    return body;
  }

  async #bytes(start: number, length: number): Promise<Buffer> {
    if (start + length > this.#sizeBytes) throw new DamagedCheckpoint("it ends too early");
    if (start < this.#windowStart || start + length > this.#windowStart + this.#window.length) {
      this.#window = await readFully(this.#file, start, Math.max(length, WINDOW_BYTES));
      this.#windowStart = start;
      if (this.#window.length < length) throw new DamagedCheckpoint("it ends too early");
    }
    return this.#window.subarray(start - this.#windowStart, start - this.#windowStart + length);
  }
}
