import { createHash } from "node:crypto";
import type { BackupPart, FileKind } from "./backup-keys.ts";
import { ManifestError, requireManifest } from "./manifest-check.ts";

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

export function encodeManifest(manifest: BackupManifest): { readonly bytes: Buffer; readonly sha256: string } {
  const files = manifest.files.map(({ parts, ...file }) => ({
    ...file,
    parts: parts.map(({ epoch, from, to, sha256 }) => [epoch, from, to, sha256]),
  }));
  const bytes = Buffer.from(JSON.stringify({ format: FORMAT, ...manifest, files }));
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Throws `ManifestError` for what is damaged, incomplete, of a newer version, or not to be restored as it is. */
export function decodeManifest(bytes: Buffer, sha256: string): BackupManifest {
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
    throw new ManifestError("the manifest is damaged: its checksum does not hold");
  }
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
