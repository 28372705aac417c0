import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { defaultLogLimits, type LogEngine, type LogRead } from "@tidewire/log-engine";
import { type LocalLogEngine, openLocalLogEngine } from "@tidewire/log-engine-local";
import { Backup, BackupKeys, type BackupOptions, BackupReader, type S3Client } from "../../src/index.ts";
import { modules } from "./s3-servers.ts";

export const CLUSTER = "test";
export const keys = new BackupKeys("backups/", CLUSTER);

const created: string[] = [];

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidewire-backup-"));
  created.push(folder);
  return folder;
}

export async function removeFolders(): Promise<void> {
  for (const folder of created.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** Small enough that a few dozen records cross every boundary there is. Nothing runs in the background by itself. */
export function openStore(directory: string, clock: Clock = new SystemClock()): Promise<LocalLogEngine> {
  return openLocalLogEngine(
    {
      directory,
      limits: { ...defaultLogLimits, recordMaxBytes: 8 * 1024, snapshotMaxBytes: 32 * 1024 },
      segmentBytes: 12 * 1024,
      snapshotSegmentBytes: 16 * 1024,
      batchMaxBytes: 4 * 1024,
      queueMaxBytes: 1024 * 1024,
      checkpointBytes: 16 * 1024,
      compactionMs: 3_600_000,
      historyMs: 0,
      // A clock that stands still would never end what the background waits for.
      paceFloorBytes: Number.POSITIVE_INFINITY,
      paceCapBytes: Number.POSITIVE_INFINITY,
    },
    { clock, logger: noLogger, metrics: noMetrics },
  );
}

export function backupOf(
  engine: LocalLogEngine,
  s3: S3Client,
  options: Partial<BackupOptions> = {},
  clock: Clock = modules.clock,
): Backup {
  engine.files.retain();
  const services = { s3, files: engine.files, logger: noLogger, metrics: noMetrics, ...modules, clock };
  const small = { partMaxBytes: 5_000, joinMaxBytes: 2_000, freeMinShare: 0, ...options };
  return new Backup(services, { keys, cluster: CLUSTER, node: "log-storage-0" }, small);
}

export async function readerOf(s3: S3Client): Promise<BackupReader> {
  return BackupReader.open(s3, keys);
}

export function named(key: string): { readonly space: string; readonly key: string } {
  return { space: "board-game", key };
}

/** `count` patches, with a snapshot after every `snapshotEvery`-th. The texts say what they are. */
export async function write(
  engine: LogEngine,
  key: string,
  count: number,
  snapshotEvery = Number.POSITIVE_INFINITY,
): Promise<number> {
  const document = named(key);
  const { epoch, seq: head } = await engine.open(document, "host-a");
  for (let seq = head + 1; seq <= head + count; seq++) {
    const data = Buffer.from(`patch ${seq} of ${key} `.padEnd(300, "."));
    await engine.append(document, { epoch, expectedSeq: seq - 1, seq, data });
    if (seq % snapshotEvery !== 0) continue;
    await engine.snapshot(document, { epoch, seq, data: Buffer.from(`snapshot ${seq} of ${key} `.padEnd(1_000, "-")) });
  }
  return head + count;
}

export async function remove(engine: LogEngine, key: string): Promise<void> {
  const { epoch, seq } = await engine.open(named(key), "host-a");
  const data = Buffer.from(`end of ${key} `.padEnd(300, "."));
  await engine.append(named(key), { epoch, expectedSeq: seq, seq: seq + 1, data, deletes: true });
}

/** Everything a log says of its documents: key, head, epoch's effects aside. */
export async function contentsOf(engine: LogEngine): Promise<Record<string, string[]>> {
  const contents: Record<string, string[]> = {};
  for (const { key, seq } of await engine.list("board-game", { limit: 10_000 })) {
    const read = await engine.read(named(key), { afterSeq: 0, limit: 10_000 });
    contents[key] = [`head ${seq}`, ...textsOf(read)];
  }
  for (const { document, seq, isDeleted } of await engine.documents({ limit: 10_000 })) {
    if (!isDeleted) continue;
    const { deletion } = await engine.read(document, { afterSeq: 0, limit: 1 });
    contents[document.key] = [`deleted ${seq}`, ...textsOf({ patches: deletion === undefined ? [] : [deletion] })];
  }
  return contents;
}

function textsOf({ snapshot, patches }: LogRead): string[] {
  const records = snapshot === undefined ? patches : [snapshot, ...patches];
  return records.map(({ seq, data }) => `${seq}: ${Buffer.from(data).toString()}`);
}
