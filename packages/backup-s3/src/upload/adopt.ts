import type { S3Client } from "../s3/s3-client.ts";
import type { BackupPart, PartName, StoreKeys } from "../store/backup-keys.ts";
import type { BackupManifest } from "../store/manifest.ts";
import type { ByteRate } from "./byte-rate.ts";
import { checksumOf } from "./checksum.ts";
import type { TrackedFile } from "./file-uploader.ts";
import { readRange } from "./read-range.ts";

export type PartsByFile = ReadonlyMap<string, readonly PartName[]>;

export function fileKey(file: { readonly kind: string; readonly id: number }): string {
  return `${file.kind}/${file.id}`;
}

/** Parts of these files, whoever uploaded them. Those of all the others that a store ever had are not kept in memory. */
export async function listParts(
  s3: S3Client,
  keys: StoreKeys,
  files: ReadonlyMap<string, TrackedFile>,
): Promise<PartsByFile> {
  const parts = new Map<string, PartName[]>();
  for await (const { key } of s3.list(keys.prefix)) {
    const part = keys.partOf(key);
    if (part === undefined || part.to > (files.get(fileKey(part))?.sizeBytes ?? 0)) continue;
    const known = parts.get(fileKey(part));
    if (known === undefined) parts.set(fileKey(part), [part]);
    else known.push(part);
  }
  return parts;
}

/**
 * The parts of a file that an earlier process, or the store this one was restored from, has uploaded. A store that was
 * copied may have gone on differently under the same segment id; its segment then has another first page, because that
 * says when it was made. So the first part is compared with the file, and those that follow belong to it if they fit.
 */
export async function adoptParts(
  file: TrackedFile,
  candidates: readonly PartName[],
  rate: ByteRate,
): Promise<BackupPart[]> {
  for (const first of candidates.filter(({ from, to }) => from === 0 && to <= file.sizeBytes).sort(longestFirst)) {
    const bytes = await readRange(file.path, first.from, first.to, rate);
    if ((await checksumOf(bytes)) !== first.sha256) continue;
    return chainOf(first, candidates, file.sizeBytes);
  }
  return [];
}

function chainOf(first: PartName, candidates: readonly PartName[], sizeBytes: number): BackupPart[] {
  const chain: PartName[] = [first];
  for (;;) {
    const at = (chain.at(-1) as PartName).to;
    const next = candidates.filter(({ from, to }) => from === at && to <= sizeBytes).sort(longestFirst)[0];
    if (next === undefined) return chain.map(({ epoch, from, to, sha256 }) => ({ epoch, from, to, sha256 }));
    chain.push(next);
  }
}

function longestFirst(a: PartName, b: PartName): number {
  return b.to - a.to;
}

/** Files compared, from the newest on. */
const COMPARED = 3;

/** Whether a manifest is an earlier state of this very store, and not of a copy that has gone on differently. */
export async function isEarlierState(
  manifest: BackupManifest,
  own: ReadonlyMap<string, TrackedFile>,
  rate: ByteRate,
): Promise<boolean> {
  const shared = manifest.files
    .flatMap((theirs) => {
      const ours = own.get(fileKey(theirs));
      return ours === undefined || theirs.retiredAt !== undefined ? [] : [{ theirs, ours }];
    })
    .sort((a, b) => b.ours.id - a.ours.id);
  for (const { theirs, ours } of shared.slice(0, COMPARED)) {
    const first = theirs.parts[0];
    if (first === undefined || theirs.sizeBytes > ours.sizeBytes) return false;
    if ((await checksumOf(await readRange(ours.path, 0, first.to, rate))) !== first.sha256) return false;
  }
  return shared.length > 0;
}
