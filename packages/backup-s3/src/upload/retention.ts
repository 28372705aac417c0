import type { ListedObject } from "../s3/listing.ts";
import type { StoreKeys } from "../store/backup-keys.ts";
import type { ListedManifest } from "../store/find-manifests.ts";
import type { BackupManifest } from "../store/manifest.ts";
import type { BackupOptions } from "./backup-options.ts";

const HOUR_MS = 3_600_000;
/** Within this every manifest is kept; before it, the first of each hour. */
const FINE_MS = HOUR_MS;

export type RetentionOptions = Pick<BackupOptions, "retentionMs" | "retentionManifests" | "graceMs">;

/**
 * Manifests of one epoch that nobody can want any more. `manifests`: newest first. Of an epoch that no later one went on
 * with, the last ones stay however old they are: they are the only trace of what happened there.
 */
export function expiredManifests(
  manifests: readonly ListedManifest[],
  isContinued: boolean,
  now: number,
  options: RetentionOptions,
): ListedManifest[] {
  const keptLast = isContinued ? 0 : Math.max(2, options.retentionManifests);
  const keepMs = options.retentionMs + options.graceMs;
  const hours = new Set<number>();
  const firstOfHour = new Set<string>();
  for (const { at, key } of [...manifests].reverse()) {
    if (hours.has(hourOf(at))) continue;
    hours.add(hourOf(at));
    firstOfHour.add(key);
  }
  return manifests.filter(({ at, key }, index) => {
    if (index < keptLast || now - at < FINE_MS) return false;
    return now - at > keepMs || !firstOfHour.has(key);
  });
}

export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS);
}

/**
 * Whether an object belongs to a part and is old enough to go if no manifest names it. One that is younger than the grace
 * may belong to a manifest that is about to be written, or to one that was just thinned out and that somebody restores
 * from right now.
 */
export function isOldPart(object: ListedObject, keys: StoreKeys, now: number, options: RetentionOptions): boolean {
  return keys.partOf(keys.partKeyOf(object.key)) !== undefined && now - object.modifiedAt > options.graceMs;
}

export function namedBy(manifest: Pick<BackupManifest, "files">, keys: StoreKeys): string[] {
  return manifest.files.flatMap(({ kind, id, parts }) => parts.map((part) => keys.part(kind, id, part)));
}
