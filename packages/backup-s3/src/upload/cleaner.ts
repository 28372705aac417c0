import type { ListedObject } from "../s3/listing.ts";
import type { S3Client } from "../s3/s3-client.ts";
import type { StoreKeys } from "../store/backup-keys.ts";
import { type ListedManifest, listEpochs, listManifests, readManifest } from "../store/find-manifests.ts";
import { type ManifestNumbers, NamedParts } from "./named-parts.ts";
import { expiredManifests, isOldPart, namedBy, type RetentionOptions } from "./retention.ts";

/** Objects removed in one go, and all of a listing that is in memory at one time; what is left is removed the next time. */
const REMOVED_MAX = 10_000;
/** As far as S3 lets a signature be off. */
const CLOCKS_APART_MS = 15 * 60_000;

interface KnownManifest {
  readonly previous: string | undefined;
}

interface Survey {
  readonly expired: readonly ListedManifest[];
  /** Of all that are there, those that expire too. */
  readonly numbers: ManifestNumbers;
}

/** Removes what retention allows. Manifests first, and in a later round what only they named. */
export class Cleaner {
  readonly #s3: S3Client;
  readonly #keys: StoreKeys;
  readonly #options: RetentionOptions;
  /** Manifests that were read, by key: they never change, and there are hundreds. */
  #known = new Map<string, KnownManifest>();
  readonly #named = new NamedParts();

  constructor(s3: S3Client, keys: StoreKeys, options: RetentionOptions) {
    this.#s3 = s3;
    this.#keys = keys;
    this.#options = options;
  }

  /**
   * Resolves with how many objects went. `now`: wall clock, ms; `inUse`: parts that the next manifest names, asked for after
   * everything was listed. Throws if the clocks of this machine and of the server are too far apart to say what is old.
   */
  async clean(now: number, inUse: () => readonly string[]): Promise<number> {
    const { expired, numbers } = await this.#survey(now);
    this.#requireSameTime(now);
    const unnamed = await this.#unnamed(now, numbers, REMOVED_MAX - expired.length);
    // Once more: what a manifest has come to name since is not removed, whoever wrote it.
    const later = await this.#survey(now);
    const used = new Set(inUse());
    const needed = ({ key }: ListedObject): boolean => {
      const part = this.#keys.partKeyOf(key);
      return used.has(part) || this.#named.has(part, later.numbers);
    };
    const removed = [...expired, ...unnamed.filter((object) => !needed(object))].slice(0, REMOVED_MAX);
    for (const { key } of removed) await this.#s3.remove(key);
    return removed.length;
  }

  /** Objects that no manifest names, page by page, and no more than so many of them. */
  async #unnamed(now: number, numbers: ManifestNumbers, max: number): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    if (max <= 0) return found;
    for await (const object of this.#s3.list(this.#keys.prefix)) {
      if (!isOldPart(object, this.#keys, now, this.#options)) continue;
      if (this.#named.has(this.#keys.partKeyOf(object.key), numbers)) continue;
      found.push(object);
      if (found.length === max) break;
    }
    return found;
  }

  /** Named by those that expire now counts until they are gone: who restores from one has the time of the grace. */
  async #survey(now: number): Promise<Survey> {
    const all: ListedManifest[] = [];
    const expired: ListedManifest[] = [];
    const numbers = new Map<string, number[]>();
    const continued = new Set<string>();
    // From the newest on: who went on with an epoch comes before it.
    for (const epoch of await listEpochs(this.#s3, this.#keys)) {
      const manifests = await listManifests(this.#s3, this.#keys, epoch);
      expired.push(...expiredManifests(manifests, continued.has(epoch), now, this.#options));
      const [newest] = manifests;
      const previous = newest === undefined ? undefined : (await this.#read(newest)).previous;
      if (previous !== undefined) continued.add(previous);
      all.push(...manifests);
      numbers.set(
        epoch,
        manifests.map(({ number }) => number).sort((a, b) => a - b),
      );
    }
    const known = new Map<string, KnownManifest>();
    for (const manifest of all) known.set(manifest.key, await this.#read(manifest));
    this.#known = known;
    await this.#named.retain(numbers);
    return { expired, numbers };
  }

  async #read(manifest: ListedManifest): Promise<KnownManifest> {
    const known = this.#known.get(manifest.key);
    if (known !== undefined) return known;
    const { previous, files } = await readManifest(this.#s3, this.#keys, manifest);
    this.#named.add(manifest, namedBy({ files }, this.#keys));
    const read = { previous };
    this.#known.set(manifest.key, read);
    return read;
  }

  /** A clock that has jumped ahead by a week makes a week of history look old enough to go. */
  #requireSameTime(now: number): void {
    const { serverAt } = this.#s3;
    const apartMs = serverAt === undefined ? 0 : Math.abs(now - serverAt);
    if (apartMs <= CLOCKS_APART_MS) return;
    throw new Error(
      `the clocks of this machine and of S3 are ${Math.round(apartMs / 1_000)} s apart: nothing is removed`,
    );
  }
}
