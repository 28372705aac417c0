import { crc32 } from "node:zlib";
import { Writer } from "@tidewire/wire";
import { type Pace, PIECE_BYTES } from "../compaction/pace.ts";
import { type FileSystem, removeIfPresent, type StorageFile, writeDurably } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import { sharedBuffer } from "../wal/batch.ts";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAX_BYTES,
  BlockKind,
  type CheckpointHead,
  DELETIONS_MAX,
  LISTED_IDS,
  putNumber,
  writeDamage,
  writeDeaths,
  writeDeletions,
  writeHead,
  writeListed,
  writePage,
} from "./checkpoint-format.ts";

const INITIAL_BYTES = 256 * 1024;

export interface CheckpointModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly pace: Pace;
}

/**
 * Writes the index down, page by page, while appends go on. The result is no moment in time: a document may already
 * contain what happened after `position`. Replaying the log from there makes it right, because a record that is not newer
 * than its document is skipped. Returns the size of the file. Nothing is seen of it under its name before it is whole.
 */
export async function writeCheckpoint(
  modules: CheckpointModules,
  head: CheckpointHead,
  index: DocumentIndex,
): Promise<number> {
  const { fileSystem, layout, pace } = modules;
  const path = layout.checkpoint(head.id);
  const draft = `${path}.draft`;
  const file = await pace.run(0, async () => {
    await removeIfPresent(fileSystem, draft);
    return fileSystem.create(draft);
  });
  const blocks = new BlockWriter(file, pace);
  const { writer } = blocks;
  const close = (): void => blocks.close();
  try {
    writeHead(writer, head);
    await blocks.flush();
    let documents = 0;
    for (let page = 0; page < index.columns.pageCount; page++) {
      documents += writePage(writer, index, page, close);
      await blocks.flush();
    }
    for (const { space, ids } of index.listedIds()) {
      for (let from = 0; from < ids.length; from += LISTED_IDS) {
        writeListed(writer, space, ids.subarray(from, from + LISTED_IDS));
        await blocks.flush();
      }
    }
    writeDamage(writer, index);
    await blocks.flush();
    writeDeaths(writer, index);
    await blocks.flush();
    // Piece by piece, and not by a copy: there may be millions. Those of later are behind the position of the checkpoint.
    const { end } = index.deletions;
    for (let from = end - index.deletions.waiting; from < end; from += DELETIONS_MAX) {
      writeDeletions(writer, index.deletions.between(from, Math.min(end, from + DELETIONS_MAX)));
      await blocks.flush();
    }
    putNumber(writer, BlockKind.end);
    putNumber(writer, documents);
    await blocks.finish();
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    // It may be what fills the disk.
    await removeIfPresent(fileSystem, draft).catch(() => {});
    throw error;
  }
  await pace.run(0, async () => {
    await fileSystem.rename(draft, path);
    await fileSystem.syncDirectory(layout.checkpoints);
  });
  return blocks.position;
}

class BlockWriter {
  readonly writer = new Writer({ initialBytes: INITIAL_BYTES, maxBytes: BLOCK_MAX_BYTES });
  /** Bytes of the file that are durable. */
  position = 0;
  readonly #file: StorageFile;
  readonly #pace: Pace;
  /** Closed and not in a piece yet. */
  #blocks: Uint8Array[] = [];
  /** What is gathered for the next write. */
  readonly #piece = sharedBuffer(PIECE_BYTES);
  #pieceLength = 0;

  constructor(file: StorageFile, pace: Pace) {
    this.#file = file;
    this.#pace = pace;
  }

  /** What is in the writer is a block; nothing there is none. */
  close(): void {
    if (this.writer.position === 0) return;
    // Not `take`: most blocks are short, and each would leave a slab of the whole size as garbage.
    const body = this.writer.written().slice();
    this.writer.reset();
    const header = Buffer.allocUnsafe(BLOCK_HEADER_BYTES);
    header.writeUInt32LE(body.length, 0);
    header.writeUInt32LE(crc32(body), 4);
    this.#blocks.push(header, body);
  }

  /** Writes the blocks that are closed, as far as they fill pieces. */
  async flush(): Promise<void> {
    this.close();
    const blocks = this.#blocks;
    this.#blocks = [];
    for (const block of blocks) {
      for (let done = 0; done < block.length; ) {
        if (this.#pieceLength === PIECE_BYTES) await this.#writePiece();
        const part = block.subarray(done, done + PIECE_BYTES - this.#pieceLength);
        this.#piece.set(part, this.#pieceLength);
        this.#pieceLength += part.length;
        done += part.length;
      }
    }
  }

  /** When it resolves, everything is durable. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#writePiece();
  }

  async #writePiece(): Promise<void> {
    const bytes = this.#piece.subarray(0, this.#pieceLength);
    await this.#pace.run(bytes.length, () => writeDurably(this.#file, bytes, this.position));
    this.position += bytes.length;
    this.#pieceLength = 0;
  }
}
