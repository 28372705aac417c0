import { crc32 } from "node:zlib";
import { Reader } from "@tidewire/wire";
import { type FileSystem, readFully, type StorageFile } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { NotedDeletion } from "../index/deletion-queue.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAX_BYTES,
  BlockKind,
  type CheckpointHead,
  readDamage,
  readDeaths,
  readDeletions,
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

/** A page of documents is a tenth of this. */
const WINDOW_BYTES = 1024 * 1024;

/** Only the head: which part of the log a checkpoint holds. Throws `DamagedCheckpoint`. */
export function readCheckpointHead(fileSystem: FileSystem, layout: StoreLayout, id: number): Promise<CheckpointHead> {
  return withCheckpoint(fileSystem, layout, id, async (blocks) => readHead(new Reader(await blocks.next())));
}

/** Fills an empty index. Throws `DamagedCheckpoint`; the index is then of no use. */
export function readCheckpoint(
  fileSystem: FileSystem,
  layout: StoreLayout,
  id: number,
  index: DocumentIndex,
): Promise<CheckpointHead & { readonly sizeBytes: number }> {
  return withCheckpoint(fileSystem, layout, id, async (blocks, sizeBytes) => {
    const head = readHead(new Reader(await blocks.next()));
    if (head.id !== id) throw new DamagedCheckpoint("it bears another number");
    let isListed = new Uint8Array(0);
    let documents: number | undefined;
    const deletions: NotedDeletion[] = [];
    index.segments.noted(head.atMs);
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
      else if (kind === BlockKind.deaths) readDeaths(reader, index);
      else if (kind === BlockKind.deletions) deletions.push(...readDeletions(reader));
      else if (kind === BlockKind.end) documents = takeNumber(reader);
      else throw new DamagedCheckpoint(`a block of unknown kind ${kind}`);
    }
    if (documents !== index.count) throw new DamagedCheckpoint("documents are missing");
    index.columns.indexKeys();
    index.adoptDeletions(deletions);
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
  read: (blocks: BlockReader, sizeBytes: number) => Promise<Result>,
): Promise<Result> {
  const file = await fileSystem.open(layout.checkpoint(id));
  let blocks: BlockReader | undefined;
  try {
    const sizeBytes = await file.size();
    blocks = new BlockReader(file, sizeBytes);
    return await read(blocks, sizeBytes);
  } catch (error) {
    if (error instanceof DamagedCheckpoint) throw error;
    throw new DamagedCheckpoint(`checkpoint ${id} is damaged`, { cause: error });
  } finally {
    await blocks?.settled();
    await file.close();
  }
}

/** Blocks in the order in which they stand, from a window over the file; the window behind it is being read meanwhile. */
class BlockReader {
  readonly #file: StorageFile;
  readonly #sizeBytes: number;
  /** Behind the block read last. */
  #position = 0;
  #window: Buffer = Buffer.alloc(0);
  /** In the window, behind what was taken from it. */
  #at = 0;
  #ahead: Promise<Buffer>;
  #aheadEnd = 0;

  constructor(file: StorageFile, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#ahead = this.#readAhead(undefined);
  }

  /** The block read last was the last one. */
  get isAtEnd(): boolean {
    return this.#position === this.#sizeBytes;
  }

  /** To be used up before the next one is asked for. */
  async next(): Promise<Buffer> {
    const header = await this.#take(BLOCK_HEADER_BYTES);
    const length = header.readUInt32LE(0);
    const crc = header.readUInt32LE(4);
    // Checked before anything is allocated.
    if (length > BLOCK_MAX_BYTES) throw new DamagedCheckpoint("a block is too long");
    const body = await this.#take(length);
    if (crc32(body) !== crc) throw new DamagedCheckpoint("a block is bad");
    return body;
  }

  /** When nothing is being read any more: only then may the file be closed. */
  async settled(): Promise<void> {
    await this.#ahead.catch(() => {});
  }

  async #take(length: number): Promise<Buffer> {
    if (this.#position + length > this.#sizeBytes) throw new DamagedCheckpoint("it ends too early");
    this.#position += length;
    if (this.#at + length <= this.#window.length) {
      this.#at += length;
      return this.#window.subarray(this.#at - length, this.#at);
    }
    const taken = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      if (this.#at === this.#window.length) await this.#advance();
      const count = this.#window.copy(taken, done, this.#at, this.#at + length - done);
      this.#at += count;
      done += count;
    }
    return taken;
  }

  async #advance(): Promise<void> {
    const used = this.#window;
    this.#window = await this.#ahead;
    if (this.#window.length === 0) throw new DamagedCheckpoint("it ends too early");
    this.#at = 0;
    this.#ahead = this.#readAhead(used);
  }

  #readAhead(target: Buffer | undefined): Promise<Buffer> {
    const start = this.#aheadEnd;
    this.#aheadEnd = Math.min(start + WINDOW_BYTES, this.#sizeBytes);
    const reading = readFully(this.#file, start, this.#aheadEnd - start, target);
    // Looked at when the window is needed.
    reading.catch(() => {});
    return reading;
  }
}
