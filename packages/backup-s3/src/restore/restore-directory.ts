import { mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { DocumentName } from "@tidewire/foundation";
import { type FsckReport, fsck, NodeFileSystem, type StorageFile } from "@tidewire/log-engine-local";
import type { BackupFile, BackupManifest } from "../store/manifest.ts";
import { type BackupReader, RestoreError } from "./backup-reader.ts";
import { type LostPart, PartSource } from "./part-source.ts";

export interface RestoreProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface RestoreOptions {
  /** Restores the other documents when some are lost. */
  readonly acceptsLoss: boolean;
  readonly progress?: (progress: RestoreProgress) => void;
}

export interface RestoredDirectory {
  readonly documents: number;
  readonly bytes: number;
  /** Documents that cannot be served as they were: part of what they need is lost. */
  readonly affected: readonly DocumentName[];
  readonly lost: readonly LostPart[];
}

/** Some documents are lost, and that was not accepted. Nothing is left in the directory. */
export class RestoreIncomplete extends RestoreError {
  readonly affected: readonly DocumentName[];
  readonly lost: readonly LostPart[];

  constructor(affected: readonly DocumentName[], lost: readonly LostPart[]) {
    const parts = lost.map(({ file, reason }) => `${file.kind} ${file.id} ${reason}`);
    super(`${affected.length} documents cannot be restored (${[...new Set(parts)].join(", ")})`);
    this.affected = affected;
    this.lost = lost;
  }
}

/** Says that a directory holds half a restore and nothing else. */
const MARKER = "RESTORE";
const DRAFT = "STORE.restored";
/** Files fetched at one time. */
const CONCURRENCY = 4;

const folders = { log: "log", snapshots: "snapshots", checkpoints: "checkpoints" } as const;
const suffixes = { log: ".wal", snapshots: ".snapshots", checkpoints: ".checkpoint" } as const;

/** The path of a file in a data directory; log-engine-local/FORMAT.md section 1. */
export function pathOf(directory: string, { kind, id }: Pick<BackupFile, "kind" | "id">): string {
  return join(directory, folders[kind], `${String(id).padStart(12, "0")}${suffixes[kind]}`);
}

/**
 * Rebuilds a data directory as it was at the moment of a manifest. The directory must be empty, or hold a restore that was
 * interrupted. Every checksum is verified: of each part, and then of everything that any document needs. `STORE`, without
 * which no log starts, comes last, so that half a directory is never served.
 */
export async function restoreDirectory(
  reader: BackupReader,
  manifest: BackupManifest,
  directory: string,
  options: RestoreOptions,
): Promise<RestoredDirectory> {
  const source = new PartSource(reader, manifest);
  const files = manifest.files.filter(({ retiredAt }) => retiredAt === undefined);
  const totalBytes = files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  await prepare(directory, totalBytes);
  let doneBytes = 0;
  const fetched = (bytes: number): void => {
    doneBytes += bytes;
    options.progress?.({ doneBytes, totalBytes });
  };
  const waiting = [...files];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      await fetchFile(source, file, pathOf(directory, file), fetched);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: CONCURRENCY }, work));
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  for (const [name, text] of Object.entries(manifest.sideFiles)) {
    await writeSynced(join(directory, name), Buffer.from(text, "utf8"));
  }
  await writeSynced(join(directory, DRAFT), Buffer.from(manifest.store, "latin1"));
  for (const folder of Object.values(folders)) await syncDirectory(join(directory, folder));

  const report = await fsck(directory, { fileSystem: new DraftFileSystem(directory) });
  const affected = affectedBy(report);
  const { lost } = source;
  if (affected.length > 0 && !options.acceptsLoss) {
    await clear(directory);
    throw new RestoreIncomplete(affected, lost);
  }
  await rename(join(directory, DRAFT), join(directory, "STORE"));
  await rm(join(directory, MARKER));
  await syncDirectory(directory);
  return { documents: report.documents - report.deletedDocuments, bytes: doneBytes, affected, lost };
}

async function prepare(directory: string, neededBytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = await readdir(directory);
  // What a formatted volume brings with it.
  const own = names.filter((name) => name !== "lost+found");
  // With STORE the restore was finished, and a log may have been served from it since.
  if (own.length > 0 && (!own.includes(MARKER) || own.includes("STORE"))) {
    throw new RestoreError(`${directory} is not empty; restore into an empty folder and move it into place`);
  }
  await writeSynced(join(directory, MARKER), Buffer.from("a restore was interrupted here; start it again\n"));
  await syncDirectory(directory);
  await clear(directory, MARKER);
  // Before anything is fetched, and before a manifest of absurd lengths fills the disk with what stands in for lost parts.
  const { bavail, bsize } = await statfs(directory);
  if (neededBytes > bavail * bsize) {
    throw new RestoreError(`${directory} has room for ${bavail * bsize} bytes, and ${neededBytes} are needed`);
  }
  for (const folder of [...Object.values(folders), "repairs"]) await mkdir(join(directory, folder));
}

async function clear(directory: string, kept?: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== kept && name !== "lost+found") await rm(join(directory, name), { recursive: true });
  }
}

async function fetchFile(
  source: PartSource,
  file: BackupFile,
  path: string,
  fetched: (bytes: number) => void,
): Promise<void> {
  const target = await open(path, "wx", 0o640);
  try {
    for (const part of file.parts) {
      const bytes = await source.read(file, part);
      // All of it, or an error: a single write may store less when the disk is full. Parts follow each other.
      await target.writeFile(bytes);
      fetched(part.to - part.from);
    }
    await target.sync();
  } finally {
    await target.close();
  }
}

async function writeSynced(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, "w", 0o640);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Whose records are unreadable. Damage that cannot be tied to a document is none that this restore can name. */
function affectedBy(report: FsckReport): DocumentName[] {
  const affected = new Map<string, DocumentName>();
  for (const { kind, document, text } of report.problems) {
    if (document !== undefined) affected.set(`${document.space}/${document.key}`, document);
    else if (kind === "unattributed_damage")
      throw new RestoreError(`the backup is damaged beyond what it can tell: ${text}`);
  }
  return [...affected.values()];
}

/** Reads the draft where `STORE` will be. */
class DraftFileSystem extends NodeFileSystem {
  readonly #directory: string;

  constructor(directory: string) {
    super();
    this.#directory = directory;
  }

  override open(path: string): Promise<StorageFile> {
    return super.open(path === join(this.#directory, "STORE") ? join(this.#directory, DRAFT) : path);
  }
}
