import type { Logger } from "@tidewire/foundation";
import type { LogPosition } from "../checkpoint/checkpoint-format.ts";
import {
  type FileSystem,
  readFully,
  removeIfPresent,
  type StorageFile,
  systemCode,
  writeFully,
} from "../files/file-system.ts";
import type { SpareSegments } from "../files/spare-segments.ts";
import type { StoreLayout } from "../format/layout.ts";
import { segmentSalt } from "../format/record.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import type { RecoveredStore, TornTail } from "./recover.ts";
import { ownReach } from "./segment-scan.ts";

export interface RepairModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly storeId: string;
  readonly spares: SpareSegments;
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
    if (recovered.tornTail !== undefined) await copyTail(modules, recovered.tornTail);
    if (recovered.hasExcess) await cut(modules, recovered.end);
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

/** Before it is cut off. */
async function copyTail(modules: RepairModules, tail: TornTail): Promise<void> {
  const { fileSystem, layout, logger } = modules;
  await withFile(await fileSystem.open(layout.segment("log", tail.segmentId)), async (file) => {
    const copy = layout.repair(tail.segmentId, tail.offset);
    await removeIfPresent(fileSystem, copy);
    await withFile(await fileSystem.create(copy), async (target) => {
      await copyRange(file, tail.offset, tail.fileBytes, target);
      await target.sync();
    });
    await fileSystem.syncDirectory(layout.repairs);
  });
  const { segmentId, offset } = tail;
  const bytes = tail.fileBytes - offset;
  logger.warn({ segmentId, offset, bytes }, "cut a torn write off the end of the log, after copying it to repairs");
}

/** Only the segment that is written to has anything behind its end. */
async function cut({ fileSystem, layout }: RepairModules, { segmentId, endOffset }: LogPosition): Promise<void> {
  await withFile(await fileSystem.open(layout.segment("log", segmentId)), async (file) => {
    await file.truncate(endOffset);
    await file.sync();
  });
}

/** A segment that was begun and never acknowledged anything: made ahead of its time, or what a failed disk left behind. */
async function putAside(modules: RepairModules, id: number): Promise<void> {
  const { fileSystem, layout, spares } = modules;
  const path = layout.segment("log", id);
  const { fileBytes, reach } = await withFile(await fileSystem.open(path), (file) => reachOf(modules, file, id));
  if (reach > SEGMENT_HEADER_BYTES) {
    if (reach < fileBytes) await withFile(await fileSystem.open(path), (file) => file.truncate(reach));
    await fileSystem.rename(path, layout.repair(id, 0));
  } else if (!(await spares.keep(id))) {
    await fileSystem.remove(path);
  }
}

/** How far the file holds anything that was written to this segment. */
async function reachOf(
  { storeId }: RepairModules,
  file: StorageFile,
  id: number,
): Promise<{ readonly fileBytes: number; readonly reach: number }> {
  const fileBytes = await file.size();
  const head = decodeSegmentHeader(await readFully(file, 0, SEGMENT_HEADER_BYTES));
  if (head.state !== "good" || fileBytes > head.header.recycledBytes) return { fileBytes, reach: fileBytes };
  const bytes = await readFully(file, 0, fileBytes);
  return { fileBytes, reach: ownReach(bytes, SEGMENT_HEADER_BYTES, segmentSalt(storeId, id)) };
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
