import type { BackupPart } from "../store/backup-keys.ts";

/** Where the upload of a file goes on, and how many of its parts the new one takes the place of. */
export interface NextPart {
  readonly from: number;
  readonly to: number;
  /** Parts that stay, counted from the first. */
  readonly keeps: number;
}

/**
 * The next part of a file that has grown to `sizeBytes`, or `undefined` if it is uploaded. An open file gets a small part
 * every few seconds; parts are joined like the digits of a binary counter (a new one takes in those before it that are no
 * larger), so that n rounds leave about log2(n) parts and send each byte at most log2(n) times. Parts of `joinMaxBytes` are
 * left alone.
 */
export function nextPart(
  parts: readonly BackupPart[],
  sizeBytes: number,
  limits: { readonly partMaxBytes: number; readonly joinMaxBytes: number },
): NextPart | undefined {
  let from = parts.at(-1)?.to ?? 0;
  if (from >= sizeBytes) return undefined;
  let keeps = parts.length;
  for (let last = parts[keeps - 1]; last !== undefined; last = parts[keeps - 1]) {
    const bytes = last.to - last.from;
    if (bytes >= limits.joinMaxBytes || bytes > sizeBytes - from || sizeBytes - last.from > limits.partMaxBytes) break;
    from = last.from;
    keeps--;
  }
  return { from, to: Math.min(sizeBytes, from + limits.partMaxBytes), keeps };
}
