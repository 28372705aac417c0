import { crc32 } from "node:zlib";
import { Reader } from "@tidewire/wire";
import { type FileSystem, readFully, type StorageFile } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import { BLOCK_HEADER_BYTES, BLOCK_MAX_BYTES, type CheckpointHead, readEntry, readHead } from "./checkpoint-format.ts";

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
    for (let block = await blocks.next(); !blocks.isAtEnd; block = await blocks.next()) {
      const reader = new Reader(block);
      while (reader.remaining > 0) readEntry(reader, index);
    }
    const end = new Reader(blocks.last);
    if (end.u53(end.take(8), "documents") !== index.count) throw new DamagedCheckpoint("documents are missing");
    return { ...head, sizeBytes };
  });
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

class BlockReader {
  last: Buffer = Buffer.alloc(0);
  readonly #file: StorageFile;
  readonly #sizeBytes: number;
  #position = 0;

  constructor(file: StorageFile, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** The block read last was the last one. */
  get isAtEnd(): boolean {
    return this.#position === this.#sizeBytes;
  }

  async next(): Promise<Buffer> {
    const header = await readFully(this.#file, this.#position, BLOCK_HEADER_BYTES);
    if (header.length < BLOCK_HEADER_BYTES) throw new DamagedCheckpoint("it ends too early");
    const length = header.readUInt32LE(0);
    const start = this.#position + BLOCK_HEADER_BYTES;
    // Checked before anything is allocated.
    if (length > BLOCK_MAX_BYTES || start + length > this.#sizeBytes)
      throw new DamagedCheckpoint("a block is too long");
    const body = await readFully(this.#file, start, length);
    if (body.length !== length || crc32(body) !== header.readUInt32LE(4)) throw new DamagedCheckpoint("a block is bad");
    this.#position = start + length;
    this.last = body;
    return body;
  }
}
