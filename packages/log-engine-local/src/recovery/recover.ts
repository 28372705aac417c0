import type { LogPosition } from "../checkpoint/checkpoint-format.ts";
import { readCheckpoint, readCheckpointHead } from "../checkpoint/read-checkpoint.ts";
import { systemCode } from "../files/file-system.ts";
import { checkpointIdOfName, segmentIdOfName, spareIdOfName } from "../format/layout.ts";
import { segmentSalt } from "../format/record.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import { StoreFormatError } from "../format/store-format-error.ts";
import { DocumentIndex } from "../index/document-index.ts";
import { SegmentTable } from "../index/segment-table.ts";
import type { LogProblem } from "./problem.ts";
import { ReadAhead } from "./read-ahead.ts";
import { Replay } from "./replay.ts";
import { type ChainedSegment, type ChainModules, readChain } from "./segment-chain.ts";
import { ownReach, type ScanChecks, SegmentScan } from "./segment-scan.ts";

/** Bytes behind the end of the log: the rest of a write that was never acknowledged. */
export interface TornTail {
  readonly segmentId: number;
  readonly offset: number;
  /** How far it reaches; in a recycled file, as far as its records can be told from what was there before. */
  readonly fileBytes: number;
}

export interface RecoveredStore {
  readonly index: DocumentIndex;
  /** Where the log ends. */
  readonly end: LogPosition;
  readonly tornTail: TornTail | undefined;
  /** The file of the last segment goes on behind the end, with a torn write or with what a recycled file held before. */
  readonly hasExcess: boolean;
  /** What was written last, as far as it is whole. Alone of everything read it may not be on the disk yet. */
  readonly lastBatch: { readonly segmentId: number; readonly offset: number } | undefined;
  readonly problems: readonly LogProblem[];
  /** Whole ones, oldest first. */
  readonly checkpoints: readonly { readonly id: number; readonly position: LogPosition }[];
  readonly checkpointBytes: number;
  readonly highestCheckpointId: number;
  /** Log segments in which nothing was ever acknowledged. */
  readonly abandoned: readonly number[];
  /** Of segments and of spare files, which may hold records of theirs. */
  readonly highestSegmentId: number;
  /** Records read since the checkpoint, and their bytes. */
  readonly replayedRecords: number;
  readonly replayedBytes: number;
}

/** While a log is replayed its documents come in any order: more of them are kept at hand than later. */
const ACTIVE_MAX = 256 * 1024;

export interface RecoveryModules extends ChainModules {
  readonly checks?: ScanChecks;
}

/**
 * Reads a data directory, and changes nothing in it: the newest whole checkpoint, then the log from there to its end.
 * Throws `StoreFormatError` for what cannot be read at all; everything else that is wrong is among the `problems`.
 */
export async function recover(modules: RecoveryModules, ignoresCheckpoints = false): Promise<RecoveredStore> {
  const logNames = await list(modules, modules.layout.segments("log"));
  const logIds = sortedIds(logNames, (name) => segmentIdOfName("log", name));
  const snapshotNames = await list(modules, modules.layout.segments("snapshots"));
  const snapshotIds = sortedIds(snapshotNames, (name) => segmentIdOfName("snapshots", name));
  const problems: LogProblem[] = [];
  const loaded = await loadCheckpoint(modules, problems, logIds, snapshotIds, ignoresCheckpoints);
  const { index, position } = loaded;

  const chain = await readChain(modules, logIds, position);
  for (const id of chain.abandoned) index.segments.remove(id);
  const replay = new Replay(index);
  let end: LogPosition = position;
  let tornTail: TornTail | undefined;
  let hasExcess = false;
  let lastBatch: RecoveredStore["lastBatch"];
  let replayedBytes = 0;
  // One buffer for all: memory that comes and goes in such pieces makes the collector run over everything each time.
  const buffer = { bytes: Buffer.alloc(0) };
  for (const segment of chain.segments) {
    const from = segment.id === position.segmentId ? position.endOffset : SEGMENT_HEADER_BYTES;
    const read = await replaySegment(modules, segment, from, { replay, problems, buffer });
    const counted = index.segments.get(segment.id);
    if (counted !== undefined) counted.sizeBytes = read.end;
    replayedBytes += read.end - from;
    end = { segmentId: segment.id, endOffset: read.end };
    lastBatch = read.lastBatch === undefined ? undefined : { segmentId: segment.id, offset: read.lastBatch };
    hasExcess = segment.end === undefined && read.fileBytes > read.end;
    tornTail =
      segment.end === undefined && read.reach > read.end
        ? { segmentId: segment.id, offset: read.end, fileBytes: read.reach }
        : undefined;
  }
  replay.finish();
  problems.push(...replay.problems);
  const { checkpoints, checkpointBytes, highestCheckpointId } = loaded;
  return {
    index,
    end,
    tornTail,
    hasExcess,
    lastBatch,
    problems,
    checkpoints,
    checkpointBytes,
    highestCheckpointId,
    abandoned: chain.abandoned,
    highestSegmentId: Math.max(0, ...logIds, ...snapshotIds, ...sortedIds(logNames, spareIdOfName)),
    replayedRecords: replay.records,
    replayedBytes,
  };
}

interface ReplayedSegment {
  readonly end: number;
  readonly fileBytes: number;
  /** Where the last of the bytes stands that were written to it, whole or not. */
  readonly reach: number;
  readonly lastBatch: number | undefined;
}

async function replaySegment(
  modules: RecoveryModules,
  segment: ChainedSegment,
  from: number,
  into: { readonly replay: Replay; readonly problems: LogProblem[]; readonly buffer: { bytes: Buffer } },
): Promise<ReplayedSegment> {
  const { replay, problems, buffer } = into;
  const file = await modules.fileSystem.open(modules.layout.segment("log", segment.id));
  let ahead: ReadAhead | undefined;
  try {
    const fileBytes = await file.size();
    const length = Math.min(fileBytes, segment.end ?? fileBytes);
    if (buffer.bytes.length < length) buffer.bytes = Buffer.allocUnsafeSlow(length);
    const bytes = buffer.bytes.subarray(0, length);
    ahead = new ReadAhead(file, bytes, from);
    await ahead.next();
    const recycledBytes = checkHeader(modules, segment.id, bytes, problems);
    const end = segment.end ?? length;
    const salt = segmentSalt(modules.storeId, segment.id);
    let lastBatch: number | undefined;
    const scan = new SegmentScan(bytes, { salt, from, end, mayBeTorn: segment.end === undefined }, modules.checks);
    scan.readBytes = ahead.readBytes;
    for (let kind = scan.next(); kind !== "end"; kind = scan.next()) {
      if (kind === "more") {
        await ahead.next();
        scan.readBytes = ahead.readBytes;
        continue;
      }
      if (kind === "torn") {
        const reach = fileBytes > recycledBytes ? fileBytes : ownReach(bytes, scan.offset, salt);
        return { end: scan.offset, fileBytes, reach, lastBatch };
      }
      if (kind === "record") lastBatch = Math.min(scan.header.batchStart, scan.offset);
      replay.apply(segment.id, kind, scan);
    }
    return { end, fileBytes, reach: fileBytes, lastBatch };
  } finally {
    await ahead?.settled();
    await file.close();
  }
}

/**
 * The records say for themselves whether they are whole; a bad header is only reported. Returns up to where the file may
 * hold what is not of this segment.
 */
function checkHeader(modules: RecoveryModules, segmentId: number, bytes: Buffer, problems: LogProblem[]): number {
  const reading = decodeSegmentHeader(bytes);
  if (reading.state === "unsupported") {
    throw new StoreFormatError(`segment ${segmentId} has format ${reading.version}; use the version that wrote it`);
  }
  if (reading.state === "damaged") {
    const text = `the header of segment ${segmentId} is damaged; its records are read all the same`;
    problems.push({ kind: "damaged_segment_header", segmentId, offset: 0, text });
    return 0;
  }
  if (reading.header.storeId !== modules.storeId) {
    throw new StoreFormatError(`segment ${segmentId} belongs to another store (${reading.header.storeId}); remove it`);
  }
  return reading.header.recycledBytes;
}

interface LoadedCheckpoint {
  readonly index: DocumentIndex;
  readonly position: LogPosition;
  readonly checkpoints: readonly { readonly id: number; readonly position: LogPosition }[];
  readonly checkpointBytes: number;
  readonly highestCheckpointId: number;
}

/** The newest checkpoint that is whole; an empty index if there is none. */
async function loadCheckpoint(
  modules: RecoveryModules,
  problems: LogProblem[],
  logIds: readonly number[],
  snapshotIds: readonly number[],
  ignoresCheckpoints: boolean,
): Promise<LoadedCheckpoint> {
  const { fileSystem, layout, storeId } = modules;
  const ids = (await list(modules, layout.checkpoints)).flatMap((name) => checkpointIdOfName(name) ?? []);
  const highestCheckpointId = Math.max(0, ...ids);
  const whole: { readonly id: number; readonly position: LogPosition }[] = [];
  let newest: { index: DocumentIndex; position: LogPosition; sizeBytes: number } | undefined;
  for (const id of ignoresCheckpoints ? [] : ids.sort((a, b) => b - a)) {
    try {
      if (newest === undefined) {
        const index = await emptyIndex(modules, logIds, snapshotIds);
        const head = await readCheckpoint(fileSystem, layout, id, index);
        if (head.storeId !== storeId)
          throw new StoreFormatError(`checkpoint ${id} belongs to another store; remove it`);
        newest = { index, position: head.position, sizeBytes: head.sizeBytes };
        whole.unshift({ id, position: head.position });
      } else {
        whole.unshift({ id, position: (await readCheckpointHead(fileSystem, layout, id)).position });
      }
    } catch (error) {
      if (error instanceof StoreFormatError || systemCode(error) !== "") throw error;
      const text = `checkpoint ${id} is damaged; an older one or the log takes its place`;
      problems.push({ kind: "damaged_checkpoint", segmentId: 0, offset: 0, text });
    }
  }
  return {
    index: newest?.index ?? (await emptyIndex(modules, logIds, snapshotIds)),
    position: newest?.position ?? { segmentId: 0, endOffset: 0 },
    checkpoints: whole,
    checkpointBytes: newest?.sizeBytes ?? 0,
    highestCheckpointId,
  };
}

async function emptyIndex(
  modules: RecoveryModules,
  logIds: readonly number[],
  snapshotIds: readonly number[],
): Promise<DocumentIndex> {
  const segments = new SegmentTable();
  for (const [kind, ids] of [
    ["log", logIds],
    ["snapshots", snapshotIds],
  ] as const) {
    for (const id of ids) segments.add(id, kind, await sizeOf(modules, modules.layout.segment(kind, id)));
  }
  return new DocumentIndex(segments, ACTIVE_MAX);
}

async function sizeOf(modules: RecoveryModules, path: string): Promise<number> {
  const file = await modules.fileSystem.open(path);
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}

function sortedIds(names: readonly string[], idOf: (name: string) => number | undefined): number[] {
  return names.flatMap((name) => idOf(name) ?? []).sort((a, b) => a - b);
}

async function list(modules: RecoveryModules, directory: string): Promise<string[]> {
  try {
    return await modules.fileSystem.list(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
