import type { S3Client } from "../s3/s3-client.ts";
import type { BackupKeys, StoreKeys } from "../store/backup-keys.ts";
import { type ListedManifest, listEpochs, listManifests, readManifest } from "../store/find-manifests.ts";
import type { BackupManifest } from "../store/manifest.ts";
import { ManifestError } from "../store/manifest-check.ts";

/** What cannot be restored, and why; for people. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
}

export interface ManifestChoice {
  /** The newest manifest not after this wall-clock time, ms. */
  readonly at?: number;
  /** Only of this epoch. */
  readonly epoch?: string;
}

/** Finds manifests in a backup. */
export class BackupReader {
  readonly s3: S3Client;
  readonly keys: StoreKeys;

  constructor(s3: S3Client, keys: StoreKeys) {
    this.s3 = s3;
    this.keys = keys;
  }

  /** The store of that id, or the only one there is. Throws `RestoreError` if that is not one. */
  static async open(s3: S3Client, keys: BackupKeys, storeId?: string): Promise<BackupReader> {
    if (storeId !== undefined) return new BackupReader(s3, keys.store(storeId));
    const stores = await s3.folders(keys.stores);
    if (stores.length === 0) throw new RestoreError(`there is no backup under ${keys.stores}`);
    if (stores.length > 1) {
      throw new RestoreError(
        `there are backups of ${stores.length} stores (${stores.join(", ")}); name one with --store`,
      );
    }
    return new BackupReader(s3, keys.store(stores[0] as string));
  }

  /** Of all epochs, or of one; newest epoch first, and in each the newest manifest first. */
  async manifests(epoch?: string): Promise<ListedManifest[]> {
    const epochs = epoch === undefined ? await listEpochs(this.s3, this.keys) : [epoch];
    const manifests: ListedManifest[] = [];
    for (const name of epochs) manifests.push(...(await listManifests(this.s3, this.keys, name)));
    return manifests;
  }

  /** The newest that fits. Throws `RestoreError` if there is none, or if it is damaged. */
  async choose(choice: ManifestChoice): Promise<BackupManifest> {
    const listed = await this.manifests(choice.epoch);
    const wanted = listed.find(({ at }) => choice.at === undefined || at <= choice.at);
    if (wanted !== undefined) return this.read(wanted);
    const oldest = listed.at(-1);
    if (oldest === undefined) throw new RestoreError(`there is no manifest under ${this.keys.prefix}`);
    throw new RestoreError(`the oldest backup is of ${new Date(oldest.at).toISOString()}; choose a later time`);
  }

  async read(manifest: ListedManifest): Promise<BackupManifest> {
    try {
      return await readManifest(this.s3, this.keys, manifest);
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      const before = new Date(manifest.at - 1).toISOString();
      throw new RestoreError(`${error.message}; choose an earlier one, for example with --at ${before}`);
    }
  }

  /** The newest epoch and those it went on with, one after the other. */
  async lineage(): Promise<ListedManifest[]> {
    const [newest] = await this.manifests();
    if (newest === undefined) throw new RestoreError(`there is no manifest under ${this.keys.prefix}`);
    const manifests: ListedManifest[] = [];
    const seen = new Set<string>();
    // Whoever may write to the bucket may write manifests that went on with each other.
    for (let epoch: string | undefined = newest.epoch; epoch !== undefined && !seen.has(epoch); ) {
      seen.add(epoch);
      const own: ListedManifest[] = await this.manifests(epoch);
      manifests.push(...own);
      epoch = own[0] === undefined ? undefined : (await this.read(own[0])).previous;
    }
    return manifests;
  }
}
