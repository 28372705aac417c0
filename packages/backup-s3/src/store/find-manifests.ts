import type { S3Client } from "../s3/s3-client.ts";
import { epochNumber, type ManifestName, type StoreKeys } from "./backup-keys.ts";
import { type BackupManifest, decodeManifest } from "./manifest.ts";
import { ManifestError } from "./manifest-check.ts";

export interface ListedManifest extends ManifestName {
  readonly key: string;
  /** Wall clock of the server, ms. */
  readonly modifiedAt: number;
}

/** Epochs of a store that have anything, newest first. */
export async function listEpochs(s3: S3Client, keys: StoreKeys): Promise<string[]> {
  const folders = await s3.folders(keys.prefix);
  return folders
    .filter((name) => epochNumber(name) !== undefined)
    .sort()
    .reverse();
}

/** Manifests of an epoch, newest first. */
export async function listManifests(s3: S3Client, keys: StoreKeys, epoch: string): Promise<ListedManifest[]> {
  const manifests: ListedManifest[] = [];
  for await (const { key, modifiedAt } of s3.list(keys.manifests(epoch))) {
    const name = keys.manifestOf(key);
    if (name !== undefined) manifests.push({ ...name, key, modifiedAt });
  }
  return manifests.reverse();
}

/** Throws `ManifestError`, with its key, if it is missing or damaged. */
export async function readManifest(s3: S3Client, keys: StoreKeys, name: ManifestName): Promise<BackupManifest> {
  const key = keys.manifest(name);
  const bytes = await s3.get(key);
  if (bytes === undefined) throw new ManifestError(`${key} is missing`);
  try {
    return decodeManifest(bytes, name.sha256);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ManifestError(`${key}: ${error.message}`, { cause: error });
  }
}
