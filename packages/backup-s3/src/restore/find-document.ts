import { type DocumentName, documentPath } from "@tidewire/foundation";
import { dump } from "@tidewire/log-engine-local";
import type { ListedManifest } from "../store/find-manifests.ts";
import { BackupFileSystem } from "./backup-file-system.ts";
import { type BackupReader, RestoreError } from "./backup-reader.ts";
import { type DocumentAt, DocumentHistory, type HistoryMoment } from "./document-history.ts";
import { PartSource } from "./part-source.ts";

export interface FoundDocument extends DocumentAt {
  readonly manifest: ListedManifest;
}

export interface FindOptions {
  /** Told before each manifest that is searched. */
  readonly searching?: (manifest: ListedManifest) => void;
  /** Whether these records can be put together to a state; throws if not, and an older manifest is tried. */
  readonly check: (found: DocumentAt) => void;
}

/** Stands for the directory that the backup is of. */
const DIRECTORY = "/backup";

/**
 * A document as it was at a seq or a time. A manifest also names files that left the store since the last one that is kept
 * for long, so the first manifest after a time has everything that was there at that time. For a seq, manifests are
 * searched from the newest back. Throws `RestoreError` if none has it.
 */
export async function findDocument(
  reader: BackupReader,
  document: DocumentName,
  moment: HistoryMoment,
  options: FindOptions,
): Promise<FoundDocument> {
  let failure: unknown;
  for (const manifest of candidates(await reader.lineage(), moment)) {
    options.searching?.(manifest);
    const history = await readHistory(reader, manifest, document);
    if (history.isEmpty) continue;
    try {
      const found = history.stateAt(moment);
      options.check(found);
      return { ...found, manifest };
    } catch (error) {
      // What the newest one says is the best explanation.
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure as Error;
  const when = "at" in moment ? ` as of ${new Date(moment.at).toISOString()}; it did not exist at that time` : "";
  throw new RestoreError(`${documentPath(document)} is not in the backup${when}`);
}

/** In the order in which they are worth a look. */
function candidates(manifests: readonly ListedManifest[], moment: HistoryMoment): readonly ListedManifest[] {
  if ("seq" in moment) return manifests;
  const newest = manifests[0];
  if (newest === undefined || newest.at < moment.at) {
    const reach = newest === undefined ? "nothing" : new Date(newest.at).toISOString();
    throw new RestoreError(`the backup reaches until ${reach}, which is before that time`);
  }
  return manifests.filter(({ at }) => at >= moment.at).slice(-1);
}

async function readHistory(
  reader: BackupReader,
  listed: ListedManifest,
  document: DocumentName,
): Promise<DocumentHistory> {
  const manifest = await reader.read(listed);
  const fileSystem = new BackupFileSystem(new PartSource(reader, manifest), manifest, DIRECTORY);
  const history = new DocumentHistory(document);
  for await (const record of dump(DIRECTORY, {}, { fileSystem })) history.add(record);
  return history;
}
