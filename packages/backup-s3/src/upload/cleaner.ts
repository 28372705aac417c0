import type { ListedObject } from "../s3/listing.ts";
import type { S3Client } from "../s3/s3-client.ts";
import type { StoreKeys } from "../store/backup-keys.ts";
import { type ListedManifest, listEpochs, listManifests, readManifest } from "../store/find-manifests.ts";
import { expiredManifests, namedBy, type RetentionOptions, unnamedObjects } from "./retention.ts";

/** Objects removed in one go; what is left is removed the next time. */
const REMOVED_MAX = 10_000;

interface KnownManifest {
  readonly previous?: string;
  /** Keys of the parts it names. */
  readonly parts: readonly string[];
}

/** Removes what retention allows. Manifests first, and in a later round what only they named. */
export class Cleaner {
  readonly #s3: S3Client;
  readonly #keys: StoreKeys;
  readonly #options: RetentionOptions;
  /** What manifests say: they never change, and there are hundreds. */
  #known = new Map<string, KnownManifest>();
  readonly #partKeys = new Map<string, string>();

  constructor(s3: S3Client, keys: StoreKeys, options: RetentionOptions) {
    this.#s3 = s3;
    this.#keys = keys;
    this.#options = options;
  }

  /** Resolves with how many objects went. `now`: wall clock, ms; `inUse`: parts that the next manifest names. */
  async clean(now: number, inUse: readonly string[]): Promise<number> {
    this.#partKeys.clear();
    // Listed before the manifests: what is uploaded meanwhile is not among the objects.
    const objects: ListedObject[] = [];
    for await (const object of this.#s3.list(this.#keys.prefix)) objects.push(object);
    const kept: ListedManifest[] = [];
    const expired: ListedManifest[] = [];
    const continued = new Set<string>();
    // From the newest on: who went on with an epoch comes before it.
    for (const epoch of await listEpochs(this.#s3, this.#keys)) {
      const manifests = await listManifests(this.#s3, this.#keys, epoch);
      const old = new Set(expiredManifests(manifests, continued.has(epoch), now, this.#options));
      const [newest] = manifests;
      const { previous } = newest === undefined ? {} : await this.#read(newest);
      if (previous !== undefined) continued.add(previous);
      for (const manifest of manifests) (old.has(manifest) ? expired : kept).push(manifest);
    }
    // Named by those that expire now counts until they are gone: who restores from one has the time of the grace.
    const named = await this.#namedBy([...kept, ...expired]);
    for (const key of inUse) named.add(key);
    const unnamed = unnamedObjects(objects, this.#keys, named, now, this.#options);
    const removed = [...expired, ...unnamed].slice(0, REMOVED_MAX);
    for (const { key } of removed) await this.#s3.remove(key);
    return removed.length;
  }

  async #namedBy(manifests: readonly ListedManifest[]): Promise<Set<string>> {
    const known = new Map<string, KnownManifest>();
    const named = new Set<string>();
    for (const manifest of manifests) {
      const { parts, ...rest } = await this.#read(manifest);
      for (const key of parts) named.add(key);
      known.set(manifest.key, { ...rest, parts });
    }
    this.#known = known;
    return named;
  }

  async #read(manifest: ListedManifest): Promise<KnownManifest> {
    const known = this.#known.get(manifest.key);
    if (known !== undefined) return known;
    const { previous, ...rest } = await readManifest(this.#s3, this.#keys, manifest);
    // Manifests name mostly the same parts: one string for each.
    const parts = namedBy(rest, this.#keys).map((key) => this.#shared(key));
    const read = previous === undefined ? { parts } : { parts, previous };
    this.#known.set(manifest.key, read);
    return read;
  }

  #shared(key: string): string {
    const known = this.#partKeys.get(key);
    if (known === undefined) this.#partKeys.set(key, key);
    return known ?? key;
  }
}
