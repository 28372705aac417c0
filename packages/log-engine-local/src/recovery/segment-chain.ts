import { type FileSystem, readFully, systemCode } from "../files/file-system.ts";
import type { StoreLayout } from "../format/layout.ts";
import { decodePrior, type PriorSegment } from "../format/payloads.ts";
import {
  payloadHolds,
  RECORD_HEADER_BYTES,
  RecordType,
  readHeader,
  recordBytes,
  segmentSalt,
} from "../format/record.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from "../format/segment-header.ts";
import { StoreFormatError } from "../format/store-format-error.ts";
import { wasSynced } from "./segment-scan.ts";

/** A log segment that counts. Without `end`, where it ends is found by reading it. */
export interface ChainedSegment {
  readonly id: number;
  readonly end?: number;
}

export interface SegmentChain {
  /** Oldest first: what has to be read to rebuild everything after the start. */
  readonly segments: readonly ChainedSegment[];
  /** Log segments that were begun and never acknowledged anything. */
  readonly abandoned: readonly number[];
}

export interface ChainModules {
  readonly fileSystem: FileSystem;
  readonly layout: StoreLayout;
  readonly storeId: string;
}

type PriorReading = PriorSegment | "none" | "damaged";

/**
 * Which files make up the log: from its last segment back along the records that name the one before. A file that is not
 * on this way was begun before a failure and given up; nothing in it was acknowledged.
 */
export async function readChain(
  modules: ChainModules,
  ids: readonly number[],
  start: { readonly segmentId: number },
): Promise<SegmentChain> {
  const candidates = ids.filter((id) => id >= start.segmentId).sort((a, b) => a - b);
  const chain: ChainedSegment[] = [];
  let next: ChainedSegment | undefined;
  let prior: PriorReading = "none";
  for (const id of [...candidates].reverse()) {
    prior = await readPrior(modules, id);
    if (prior === "none") continue;
    next = { id };
    break;
  }
  while (next !== undefined) {
    chain.unshift(next);
    const before: { readonly segmentId: number; readonly endOffset?: number } | undefined =
      prior === "damaged" ? guessedPrior(candidates, next.id) : (prior as PriorSegment);
    if (before === undefined || before.segmentId < Math.max(1, start.segmentId)) break;
    if (!candidates.includes(before.segmentId)) throw missing(modules.layout, before.segmentId);
    next = { id: before.segmentId, ...(before.endOffset === undefined ? {} : { end: before.endOffset }) };
    prior = await readPrior(modules, next.id);
    if (prior === "none") prior = "damaged";
  }
  const oldest = chain[0]?.id ?? 0;
  if (start.segmentId > 0 && oldest !== start.segmentId) throw missing(modules.layout, start.segmentId);
  const counted = new Set(chain.map(({ id }) => id));
  return { segments: chain, abandoned: candidates.filter((id) => !counted.has(id)) };
}

/** With the record that names it unreadable, the neighbour is the next lower id, and its end is found by reading it. */
function guessedPrior(
  candidates: readonly number[],
  id: number,
): { readonly segmentId: number; readonly endOffset?: number } | undefined {
  const before = candidates.filter((candidate) => candidate < id).at(-1);
  return before === undefined ? undefined : { segmentId: before };
}

async function readPrior(modules: ChainModules, id: number): Promise<PriorReading> {
  const salt = segmentSalt(modules.storeId, id);
  const file = await modules.fileSystem.open(modules.layout.segment("log", id));
  try {
    const head = await readFully(file, SEGMENT_HEADER_BYTES, recordBytes(16));
    const header = readHeader(head, 0, salt);
    if (header?.type === RecordType.prior && payloadHolds(head, 0, header)) {
      const payload = head.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + header.length);
      return decodePrior(payload) ?? "damaged";
    }
    const whole = await readFully(file, 0, await file.size());
    const reading = decodeSegmentHeader(whole);
    if (reading.state === "good" && reading.header.storeId !== modules.storeId) {
      throw new StoreFormatError(`segment ${id} belongs to another store (${reading.header.storeId}); remove it`);
    }
    return wasSynced(whole, SEGMENT_HEADER_BYTES, salt) ? "damaged" : "none";
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "none";
    throw error;
  } finally {
    await file.close();
  }
}

function missing(layout: StoreLayout, id: number): StoreFormatError {
  return new StoreFormatError(
    `${layout.segment("log", id)} is missing; put it back, or restore the directory from a backup`,
  );
}
