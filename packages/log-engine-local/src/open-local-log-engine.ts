import { dirname } from "node:path";
import type { Clock, Logger, MetricsSink } from "@tidewire/foundation";
import { FenceWatchers } from "@tidewire/log-engine";
import { Checkpointer } from "./compaction/checkpointer.ts";
import { Compactor } from "./compaction/compactor.ts";
import { DeletionExpiry } from "./compaction/deletion-expiry.ts";
import { FileRemoval, removeDrafts } from "./compaction/file-removal.ts";
import { LogReserve } from "./compaction/log-reserve.ts";
import { Pace } from "./compaction/pace.ts";
import { SegmentMover } from "./compaction/segment-mover.ts";
import { DocumentReads } from "./document-reads.ts";
import { DocumentWrites } from "./document-writes.ts";
import type { DirectoryLock, FileSystem } from "./files/file-system.ts";
import { NodeFileSystem } from "./files/node-file-system.ts";
import { ReadGate } from "./files/read-gate.ts";
import { type DamagedRecord, RecordReader } from "./files/record-reader.ts";
import { SegmentFiles, SegmentIds } from "./files/segment-files.ts";
import { SpareSegments } from "./files/spare-segments.ts";
import { StoreLayout } from "./format/layout.ts";
import { createStoreFile, readStoreFile } from "./format/store-file.ts";
import { StoreFormatError } from "./format/store-format-error.ts";
import { HistoryReads } from "./history/history-reads.ts";
import { HistoryRetention } from "./history/history-retention.ts";
import { type HistoryModules, type HistoryQuery, scanHistory } from "./history/history-scan.ts";
import { LogTime } from "./history/log-time.ts";
import type { RecordedHistory } from "./history/recorded-history.ts";
import { LocalLogEngine } from "./local-log-engine.ts";
import { LocalLogMetrics } from "./metrics.ts";
import { checkOptions, defaultLocalLogOptions, type LocalLogOptions } from "./options.ts";
import type { LogProblem } from "./recovery/problem.ts";
import { type RecoveredStore, recover } from "./recovery/recover.ts";
import { repair } from "./recovery/repair.ts";
import { requireFolders } from "./recovery/require-folders.ts";
import type { ScanChecks } from "./recovery/segment-scan.ts";
import { SnapshotStore } from "./snapshots/snapshot-store.ts";
import { StoreFiles } from "./store-files.ts";
import { ThreadedFileSystem } from "./threads/threaded-file-system.ts";
import { GroupCommit } from "./wal/group-commit.ts";
import { SegmentWriter } from "./wal/segment-writer.ts";

export interface LocalLogModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  /** The real disk unless given. */
  readonly fileSystem?: FileSystem;
  /** The bundled `io-worker`: then writes and syncs of the real disk go through threads of their own. */
  readonly ioWorker?: URL;
  /** For tests of the safety nets only. */
  readonly checks?: ScanChecks;
}

export type LocalLogSettings = Partial<LocalLogOptions> & Pick<LocalLogOptions, "directory">;

/**
 * Opens the log in a directory, which is created if it is missing. Throws `DirectoryInUse` if another process has it,
 * `StoreFormatError` if it holds what this version must not touch, or the error of the system call that failed.
 */
export async function openLocalLogEngine(
  settings: LocalLogSettings,
  modules: LocalLogModules,
): Promise<LocalLogEngine> {
  const options: LocalLogOptions = { ...defaultLocalLogOptions, ...settings };
  checkOptions(options);
  const { fileSystem, scan, endThreads } = diskOf(modules, options);
  const layout = new StoreLayout(options.directory);
  const held = await takeDirectory(fileSystem, layout).catch(async (error: unknown) => {
    await endThreads();
    throw error;
  });
  const lock = {
    release: async (): Promise<void> => {
      await held.release();
      await endThreads();
    },
  };
  try {
    const storeId = await identify(fileSystem, layout);
    const checks = modules.checks === undefined ? {} : { checks: modules.checks };
    const recovered = await recover({ fileSystem, layout, storeId, ...checks });
    report(modules.logger, recovered);
    refuseUnattributedDamage(recovered.problems, options);
    const spares = sparesOf(options, fileSystem, layout);
    await spares.load();
    await removeDrafts(fileSystem, layout);
    // What this start does not see must not come back when the power goes: ids that nobody has are given again.
    for (const kind of ["log", "snapshots"] as const) await fileSystem.syncDirectory(layout.segments(kind));
    await repair({ fileSystem, layout, storeId, spares, logger: modules.logger }, recovered);
    return await assemble(options, modules, { fileSystem, scan, layout, storeId, spares, recovered, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Disk {
  readonly fileSystem: FileSystem;
  readonly scan: (modules: HistoryModules, query: HistoryQuery) => Promise<RecordedHistory>;
  readonly endThreads: () => Promise<void>;
}

function diskOf(modules: LocalLogModules, options: LocalLogOptions): Disk {
  if (modules.fileSystem !== undefined || modules.ioWorker === undefined) {
    const fileSystem = modules.fileSystem ?? new NodeFileSystem();
    return { fileSystem, scan: scanHistory, endThreads: async () => {} };
  }
  const threaded = new ThreadedFileSystem(modules, { entry: modules.ioWorker, stallMs: options.ioStallMs });
  return {
    fileSystem: threaded,
    scan: (history, query) => threaded.scanHistory(history, query),
    endThreads: () => threaded.close(),
  };
}

async function takeDirectory(fileSystem: FileSystem, layout: StoreLayout): Promise<DirectoryLock> {
  if ((await readStoreFile(fileSystem, layout)) !== undefined) await requireFolders({ fileSystem, layout });
  await makeDirectories(fileSystem, layout);
  return fileSystem.lock(layout.lockFile);
}

async function makeDirectories(fileSystem: FileSystem, layout: StoreLayout): Promise<void> {
  const folders = [layout.segments("log"), layout.segments("snapshots"), layout.checkpoints, layout.repairs];
  for (const path of [layout.directory, ...folders]) await fileSystem.makeDirectory(path);
  await fileSystem.syncDirectory(layout.directory);
  // The name of the directory itself. Not ours: where that is not allowed, the operator has made it durable.
  await fileSystem.syncDirectory(dirname(layout.directory)).catch(() => {});
}

async function identify(fileSystem: FileSystem, layout: StoreLayout): Promise<string> {
  const known = await readStoreFile(fileSystem, layout);
  if (known !== undefined) return known.storeId;
  for (const kind of ["log", "snapshots"] as const) {
    if ((await fileSystem.list(layout.segments(kind))).length === 0) continue;
    throw new StoreFormatError(`${layout.storeFile} is missing but there are segments; restore it from a backup`);
  }
  return (await createStoreFile(fileSystem, layout)).storeId;
}

function sparesOf(options: LocalLogOptions, fileSystem: FileSystem, layout: StoreLayout): SpareSegments {
  const { segmentBytes, spareSegmentsMax: countMax, spareMaxBytes: maxBytes } = options;
  return new SpareSegments({ fileSystem, layout }, { countMax, maxBytes, minBytes: segmentBytes / 2 });
}

function report(logger: Logger, recovered: RecoveredStore): void {
  for (const { kind, segmentId, offset, text } of recovered.problems.slice(0, 100)) {
    logger.error({ kind, segmentId, offset }, text);
  }
  const { index, replayedRecords, replayedBytes } = recovered;
  const documents = index.count;
  logger.info({ documents, damaged: index.damagedCount, replayedRecords, replayedBytes }, "the log is read");
}

function refuseUnattributedDamage(problems: readonly LogProblem[], options: LocalLogOptions): void {
  const worst = problems.filter((problem) => problem.kind === "unattributed_damage");
  if (worst.length === 0 || options.acceptsUnattributedDamage) return;
  const { segmentId, offset } = worst[0]!;
  throw new StoreFormatError(
    `${worst.length} damaged places in ${options.directory} cannot be tied to a document (the first in segment ${segmentId} ` +
      `at ${offset}): some document may lack its last records. Restore from a backup, or run fsck and accept the damage`,
  );
}

interface OpenedDirectory {
  readonly fileSystem: FileSystem;
  readonly scan: Disk["scan"];
  readonly layout: StoreLayout;
  readonly storeId: string;
  readonly spares: SpareSegments;
  readonly recovered: RecoveredStore;
  readonly lock: DirectoryLock;
}

async function assemble(
  options: LocalLogOptions,
  modules: LocalLogModules,
  opened: OpenedDirectory,
): Promise<LocalLogEngine> {
  const { clock, logger } = modules;
  const { fileSystem, layout, storeId, spares, recovered, lock } = opened;
  const { index } = recovered;
  const { segments } = index;
  const metrics = new LocalLogMetrics(modules.metrics);
  const pace = new Pace(clock, { floorBytes: options.paceFloorBytes, capBytes: options.paceCapBytes });
  const files = new SegmentFiles({
    fileSystem,
    layout,
    storeId,
    spares,
    wallMs: () => clock.wallMs(),
    recycled: () => metrics.recycledSegments.add(),
  });
  const ids = new SegmentIds(recovered.highestSegmentId + 1);
  const damaged = (documentId: number, error: DamagedRecord): void => {
    logger.error({ documentId, err: error }, "part of a document's log is unreadable; it is isolated");
    index.markDamaged(documentId, error.message);
  };
  index.limitActive(options.activeDocumentsMax);
  const time = new LogTime(clock, segments.nowMs);
  segments.timeBy(() => time.nowMs);

  const reader = new RecordReader({ fileSystem, layout, segments, storeId }, options.openFilesMax);
  const gate = new ReadGate({ concurrency: options.readsMax, waitingMax: options.readQueueMax });
  const reads = new DocumentReads({ index, reader, gate, damaged });
  const writer = new SegmentWriter({ files, ids, segments, storeId }, recovered.end, {
    segmentBytes: options.segmentBytes,
    probeBytes: options.batchMaxBytes,
  });
  let failed: ConstructorParameters<typeof GroupCommit>[0]["failed"] = () => {};
  const commits = new GroupCommit(
    { writer, clock, metrics, pace, failed: (reason, error) => failed(reason, error) },
    options,
  );
  const snapshots = new SnapshotStore(
    { files, ids, segments, storeId, pace, clock, metrics },
    { segmentBytes: options.snapshotSegmentBytes, queueMaxBytes: options.snapshotQueueMaxBytes },
  );
  const watchers = new FenceWatchers();
  const writes = new DocumentWrites({ index, commits, snapshots, reads, watchers, metrics });
  const removal = new FileRemoval({ fileSystem, pace }, options.removalPieceBytes);
  const checkpointer = new Checkpointer(
    {
      fileSystem,
      layout,
      pace,
      index,
      storeId,
      metrics,
      removal,
      appliedPosition: () => commits.applied,
      loggedBytes: () => commits.loggedBytes,
      nowMs: () => time.nowMs,
    },
    {
      checkpoints: recovered.checkpoints,
      highestId: recovered.highestCheckpointId,
      lastBytes: recovered.checkpointBytes,
      replayedBytes: recovered.replayedBytes,
      isClockBehind: time.isClockBehind,
    },
    options.checkpointBytes,
  );
  const historyGate = new ReadGate({ concurrency: options.historyReadsMax, waitingMax: options.historyReadQueueMax });
  const scan = (query: HistoryQuery): Promise<RecordedHistory> => opened.scan({ fileSystem, layout, storeId }, query);
  const history = new HistoryReads({ index, reads, reader, gate: historyGate, scan });
  const retention = new HistoryRetention(time, options);
  const mover = new SegmentMover({ index, reader, snapshots, commits, pace, storeId, metrics, damaged });
  const deletions = new DeletionExpiry({ index, commits, time }, options);
  const reserveModules = { index, commits, checkpointer, spares, ids, pace, metrics };
  const reserve = new LogReserve(reserveModules, options.segmentBytes);
  const compactor = new Compactor(
    {
      index,
      files,
      spares,
      reserve,
      reader,
      commits,
      checkpointer,
      mover,
      retention,
      deletions,
      removal,
      layout,
      pace,
      clock,
      logger,
      metrics,
    },
    { everyMs: options.compactionMs, liveShare: options.compactionLiveShare },
  );
  const { problems } = recovered;
  const engine = new LocalLogEngine(
    {
      index,
      commits,
      snapshots,
      reads,
      writes,
      reader,
      gate,
      history,
      historyGate,
      compactor,
      watchers,
      files: new StoreFiles({ layout, storeId, segments, newestCheckpoint: () => checkpointer.newestId }),
      lock,
      problems,
      clock,
      logger,
      metrics,
    },
    options,
  );
  failed = (reason, error) => engine.retryLater(reason, error);
  metrics.isWritable.set(1);
  await commits.start();
  compactor.start();
  return engine;
}
