import { DamagedRecord, RecordReader } from "../files/record-reader.ts";
import { offsetOf, segmentOf } from "../format/location.ts";
import type { SegmentKind } from "../format/segment-header.ts";
import type { DocumentEntry } from "../index/document-entry.ts";
import type { LogProblem } from "../recovery/problem.ts";
import type { TornTail } from "../recovery/recover.ts";
import { type OfflineModules, openOffline } from "./offline-store.ts";

export interface FsckReport {
  readonly storeId: string;
  readonly documents: number;
  readonly deletedDocuments: number;
  /** Snapshots, patches and deletions that are needed; each of them was read and its checksum verified. */
  readonly records: number;
  readonly recordBytes: number;
  readonly segments: readonly {
    readonly id: number;
    readonly kind: SegmentKind;
    readonly sizeBytes: number;
    readonly liveBytes: number;
  }[];
  /** The rest of a write that was never acknowledged. The next start puts it aside; it is no damage. */
  readonly tornTail: TornTail | undefined;
  readonly problems: readonly LogProblem[];
}

interface FsckModules extends OfflineModules {
  /** Called after every record that was read. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const OPEN_FILES_MAX = 64;

/**
 * Reads everything in a data directory that any document needs, and says what is wrong. Offline: throws `DirectoryInUse`
 * while a process serves the directory, and `StoreFormatError` if it cannot be read at all. Changes nothing.
 */
export async function fsck(directory: string, modules: FsckModules = {}): Promise<FsckReport> {
  const { fileSystem, layout, storeId, recovered, lock } = await openOffline(directory, modules);
  const { index } = recovered;
  const { segments } = index;
  const reader = new RecordReader({ fileSystem, layout, segments, storeId }, OPEN_FILES_MAX);
  const problems = [...recovered.problems];
  const totalBytes = [...segments.all("log"), ...segments.all("snapshots")].reduce(
    (sum, each) => sum + each.liveBytes,
    0,
  );
  let deletedDocuments = 0;
  let records = 0;
  let recordBytes = 0;
  try {
    for (const entry of index.entries()) {
      if (entry.isDeleted) deletedDocuments++;
      for (const reference of referencesOf(entry)) {
        records++;
        recordBytes += reference.length;
        const problem = await unreadable(reader, entry, reference);
        if (problem !== undefined) problems.push(problem);
        modules.onProgress?.(recordBytes, Math.max(totalBytes, recordBytes));
      }
    }
  } finally {
    await reader.close();
    await lock.release();
  }
  return {
    storeId,
    documents: index.count,
    deletedDocuments,
    records,
    recordBytes,
    segments: [...segments.all("log"), ...segments.all("snapshots")].map(({ id, kind, sizeBytes, liveBytes }) => ({
      id,
      kind,
      sizeBytes,
      liveBytes,
    })),
    tornTail: recovered.tornTail,
    problems,
  };
}

interface Reference {
  readonly location: number;
  readonly length: number;
}

function referencesOf(entry: DocumentEntry): readonly Reference[] {
  const patches = entry.patches.slice(0);
  return entry.snapshot === undefined ? patches : [entry.snapshot, ...patches];
}

async function unreadable(
  reader: RecordReader,
  entry: DocumentEntry,
  reference: Reference,
): Promise<LogProblem | undefined> {
  try {
    await reader.read(reference);
    return undefined;
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error;
    return {
      kind: "unreadable_reference",
      segmentId: segmentOf(reference.location),
      offset: offsetOf(reference.location),
      document: entry.name,
      text: error.message,
    };
  }
}
