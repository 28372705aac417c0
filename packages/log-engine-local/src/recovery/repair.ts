import type { Logger } from "@tidewire/foundation";
import {
  type FileSystem,
  readFully,
  removeIfPresent,
  type StorageFile,
  systemCode,
  writeFully,
} from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import { SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { RecoveredStore, TornTail } from "./recover.ts";

export interface RepairModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly logger: Logger;
}

/** Copied in pieces of this size. */
const COPY_BYTES = 1024 * 1024;

/**
 * Makes what a start has found durable, and puts aside what does not count. The log itself never needs it: the next
 * segment says where this one ends. So a disk too full for the copies is no reason not to start.
 */
export async function repair(modules: RepairModules, recovered: RecoveredStore): Promise<void> {
  const { logger } = modules;
  await rewriteLastBatch(modules, recovered);
  try {
    if (recovered.tornTail !== undefined) await cutTail(modules, recovered.tornTail);
    for (const id of recovered.abandoned) await putAside(modules, id);
  } catch (error) {
    if (systemCode(error) !== "ENOSPC") throw error;
    logger.warn({ err: error }, "no room to put the torn end of the log aside; it is left where it is");
  }
}

/**
 * A process may have died before it synced what it wrote last, or after a sync had failed: the kernel then takes those
 * pages for clean, and syncing them again does nothing. They count from now on, so they are written once more, as they are.
 */
async function rewriteLastBatch(modules: RepairModules, recovered: RecoveredStore): Promise<void> {
  const { lastBatch, end } = recovered;
  if (lastBatch === undefined) return;
  const { fileSystem, layout } = modules;
  await withFile(await fileSystem.open(layout.segment("log", lastBatch.segmentId)), async (file) => {
    const bytes = await readFully(file, lastBatch.offset, end.endOffset - lastBatch.offset);
    await writeFully(file, bytes, lastBatch.offset);
    await file.sync();
  });
}

async function cutTail(modules: RepairModules, tail: TornTail): Promise<void> {
  const { fileSystem, layout, logger } = modules;
  await withFile(await fileSystem.open(layout.segment("log", tail.segmentId)), async (file) => {
    const copy = layout.repair(tail.segmentId, tail.offset);
    await removeIfPresent(fileSystem, copy);
    await withFile(await fileSystem.create(copy), async (target) => {
      await copyRange(file, tail.offset, tail.fileBytes, target);
      await target.sync();
    });
    await fileSystem.syncDirectory(layout.repairs);
    await file.truncate(tail.offset);
    await file.sync();
  });
  const { segmentId, offset } = tail;
  const bytes = tail.fileBytes - offset;
  logger.warn({ segmentId, offset, bytes }, "cut a torn write off the end of the log, after copying it to repairs");
}

/** A segment that was begun and never acknowledged anything: an unused spare, or what a failed disk left behind. */
async function putAside(modules: RepairModules, id: number): Promise<void> {
  const { fileSystem, layout } = modules;
  const path = layout.segment("log", id);
  const bytes = await withFile(await fileSystem.open(path), (file) => file.size());
  if (bytes <= SEGMENT_HEADER_BYTES) await fileSystem.remove(path);
  else await fileSystem.rename(path, layout.repair(id, 0));
}

async function copyRange(source: StorageFile, from: number, to: number, target: StorageFile): Promise<void> {
  for (let at = from; at < to; at += COPY_BYTES) {
    const piece = await readFully(source, at, Math.min(COPY_BYTES, to - at));
    await writeFully(target, piece, at - from);
  }
}

async function withFile<Result>(file: StorageFile, use: (file: StorageFile) => Promise<Result>): Promise<Result> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
