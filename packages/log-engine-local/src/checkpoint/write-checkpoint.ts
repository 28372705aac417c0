import { crc32 } from "node:zlib";
import { Writer } from "@tidewire/wire";
import type { Pace } from "../compaction/pace.ts";
import { type FileSystem, removeIfPresent, type StorageFile, writeFully } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAX_BYTES,
  BlockKind,
  type CheckpointHead,
  LISTED_IDS,
  putNumber,
  writeDamage,
  writeHead,
  writeListed,
  writePage,
} from "./checkpoint-format.ts";

/** What is written between two syncs: a larger flush of dirty pages would delay appends. */
const SYNC_BYTES = 1024 * 1024;
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
  const { fileSystem, layout } = modules;
  const path = layout.checkpoint(head.id);
  const draft = `${path}.draft`;
  await removeIfPresent(fileSystem, draft);
  const file = await fileSystem.create(draft);
  const blocks = new BlockWriter(file, modules.pace);
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
    putNumber(writer, BlockKind.end);
    putNumber(writer, documents);
    await blocks.flush();
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    // It may be what fills the disk.
    await removeIfPresent(fileSystem, draft).catch(() => {});
    throw error;
  }
  await fileSystem.rename(draft, path);
  await fileSystem.syncDirectory(layout.checkpoints);
  return blocks.position;
}

class BlockWriter {
  readonly writer = new Writer({ initialBytes: INITIAL_BYTES, maxBytes: BLOCK_MAX_BYTES });
  position = 0;
  readonly #file: StorageFile;
  readonly #pace: Pace;
  /** Closed and not written yet. */
  #blocks: Buffer[] = [];
  #unsynced = 0;

  constructor(file: StorageFile, pace: Pace) {
    this.#file = file;
    this.#pace = pace;
  }

  /** What is in the writer is a block; nothing there is none. */
  close(): void {
    if (this.writer.position === 0) return;
    const body = this.writer.take();
    const block = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + body.length);
    block.writeUInt32LE(body.length, 0);
    block.writeUInt32LE(crc32(body), 4);
    block.set(body, BLOCK_HEADER_BYTES);
    this.#blocks.push(block);
  }

  async flush(): Promise<void> {
    this.close();
    const blocks = this.#blocks;
    this.#blocks = [];
    for (const block of blocks) {
      await this.#pace.take(block.length);
      await writeFully(this.#file, block, this.position);
      this.position += block.length;
      this.#unsynced += block.length;
      if (this.#unsynced < SYNC_BYTES) continue;
      this.#unsynced = 0;
      await this.#file.sync();
    }
  }
}
