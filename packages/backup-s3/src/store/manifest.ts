import { createHash } from "node:crypto";
import { othersTurn } from "../others-turn.ts";
import type { BackupPart, FileKind } from "./backup-keys.ts";
import { ManifestError, requireManifest, requireSparse } from "./manifest-check.ts";

/** One file of a store, as it was at the moment of the manifest. */
export interface BackupFile {
  readonly kind: FileKind;
  readonly id: number;
  /** Bytes of it that count. */
  readonly sizeBytes: number;
  readonly isSealed: boolean;
  /** Not in the store any more, since this wall-clock time; kept for reading documents as they were. */
  readonly retiredAt?: number;
  /** In order, without gaps, from 0 to `sizeBytes`. */
  readonly parts: readonly BackupPart[];
}

/**
 * Everything needed to rebuild a store as it was at `at`: the files that a crash at that moment would have left, and
 * where their bytes are.
 */
export interface BackupManifest {
  readonly cluster: string;
  readonly storeId: string;
  readonly epoch: string;
  /** The epoch whose work this one went on with, if there is one. */
  readonly previous?: string;
  readonly number: number;
  /** Wall clock, ms. */
  readonly at: number;
  /** Name of the process, for people. */
  readonly node: string;
  /** The file `STORE`. */
  readonly store: string;
  /** Small files beside the log, by name, as text. */
  readonly sideFiles: Readonly<Record<string, string>>;
  readonly files: readonly BackupFile[];
}

const FORMAT = 1;

/** Written in one go: about 1 ms, of the thread that serves appends. */
const PARTS_IN_ONE_GO = 256;
const COPIED_IN_ONE_GO = 1024 * 1024;

/** A little at a time: the manifest of a large log takes seconds. `manifest` must not change meanwhile. */
export async function encodeManifest(
  manifest: BackupManifest,
): Promise<{ readonly bytes: Buffer; readonly sha256: string }> {
  const { files, ...head } = manifest;
  const hash = createHash("sha256");
  const slices: Buffer[] = [];
  const add = (text: string): void => {
    const slice = Buffer.from(text);
    hash.update(slice);
    slices.push(slice);
  };
  add(`${JSON.stringify({ format: FORMAT, ...head }).slice(0, -1)},"files":[`);
  let rows: string[] = [];
  let waiting = 0;
  for (const [index, { parts, ...file }] of files.entries()) {
    const row = { ...file, parts: parts.map(({ epoch, from, to, sha256 }) => [epoch, from, to, sha256]) };
    rows.push(`${index === 0 ? "" : ","}${JSON.stringify(row)}`);
    waiting += parts.length + 1;
    if (waiting < PARTS_IN_ONE_GO) continue;
    add(rows.join(""));
    rows = [];
    waiting = 0;
    await othersTurn();
  }
  add(`${rows.join("")}]}`);
  return { bytes: await joined(slices), sha256: hash.digest("hex") };
}

async function joined(slices: readonly Buffer[]): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(slices.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  let turnEndsAt = COPIED_IN_ONE_GO;
  for (const slice of slices) {
    at += slice.copy(bytes, at);
    if (at < turnEndsAt) continue;
    turnEndsAt = at + COPIED_IN_ONE_GO;
    await othersTurn();
  }
  return bytes;
}

/** Throws `ManifestError` for what is damaged, incomplete, of a newer version, or not to be restored as it is. */
export function decodeManifest(bytes: Buffer, sha256: string): BackupManifest {
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
    throw new ManifestError("the manifest is damaged: its checksum does not hold");
  }
  requireSparse(bytes);
  const value = parsed(bytes);
  if (value?.["format"] !== FORMAT) {
    throw new ManifestError(`manifest format ${String(value?.["format"])}; use a newer version`);
  }
  requireManifest(value);
  const { format: _, files: rows, ...manifest } = value;
  const files = rows.map(({ parts, ...file }) => ({
    ...file,
    parts: parts.map(([epoch, from, to, hash]) => ({ epoch, from, to, sha256: hash })),
  }));
  for (const file of files) requireContiguous(file);
  return { ...manifest, files } as unknown as BackupManifest;
}

function parsed(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(bytes.toString("utf8")) as Readonly<Record<string, unknown>> | null;
  } catch (cause) {
    throw new ManifestError("the manifest is no JSON", { cause });
  }
}

function requireContiguous({ kind, id, sizeBytes, parts }: BackupFile): void {
  let at = 0;
  for (const { from, to } of parts) {
    if (from !== at || to <= from) throw new ManifestError(`the parts of ${kind} ${id} do not follow each other`);
    at = to;
  }
  if (at !== sizeBytes) throw new ManifestError(`the parts of ${kind} ${id} end at ${at}, the file at ${sizeBytes}`);
}
