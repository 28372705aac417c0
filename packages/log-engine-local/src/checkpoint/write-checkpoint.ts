import { crc32 } from "node:zlib";
import { Writer } from "@tidewire/wire";
import type { Pace } from "../compaction/pace.ts";
import { type FileSystem, removeIfPresent, type StorageFile, writeFully } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import type { DocumentIndex } from "../index/document-index.ts";
import {
  BLOCK_BYTES,
  BLOCK_HEADER_BYTES,
  BLOCK_MAX_BYTES,
  type CheckpointHead,
  writeEntry,
  writeHead,
} from "./checkpoint-format.ts";

/** What is written between two syncs: a larger flush of dirty pages would delay appends. */
const SYNC_BYTES = 1024 * 1024;

export interface CheckpointModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly pace: Pace;
}

/**
 * Writes the index down, block by block, while appends go on. The result is no moment in time: a document may already
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
  try {
    writeHead(blocks.writer, head);
    await blocks.flush();
    let documents = 0;
    for (const entry of index.entries()) {
      writeEntry(blocks.writer, entry);
      documents++;
      if (blocks.writer.position >= BLOCK_BYTES) await blocks.flush();
    }
    if (blocks.writer.position > 0) await blocks.flush();
    blocks.writer.putU53(blocks.writer.reserve(8), documents, "documents");
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
  readonly writer = new Writer({ initialBytes: BLOCK_BYTES * 2, maxBytes: BLOCK_MAX_BYTES });
  position = 0;
  readonly #file: StorageFile;
  readonly #pace: Pace;
  #unsynced = 0;

  constructor(file: StorageFile, pace: Pace) {
    this.#file = file;
    this.#pace = pace;
  }

  async flush(): Promise<void> {
    const body = this.writer.take();
    const block = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + body.length);
    block.writeUInt32LE(body.length, 0);
    block.writeUInt32LE(crc32(body), 4);
    block.set(body, BLOCK_HEADER_BYTES);
    await this.#pace.take(block.length);
    await writeFully(this.#file, block, this.position);
    this.position += block.length;
    this.#unsynced += block.length;
    if (this.#unsynced < SYNC_BYTES) return;
    this.#unsynced = 0;
    await this.#file.sync();
  }
}
