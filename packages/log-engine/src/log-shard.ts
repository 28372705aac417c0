import { type DocumentName, ServiceError } from "@tidewire/foundation";

/** Which part of the documents a log storage keeps. */
export interface LogShard {
  /** From 0. */
  readonly index: number;
  /** 1: the log is not divided. */
  readonly count: number;
}

/** More storages than this want a clustered engine. The cost of finding a shard grows with their number. */
export const SHARDS_MAX = 64;

const { imul } = Math;
const SLASH = 0x2f;

/**
 * The shard of a document: rendezvous hashing, so that a log that is moved to another number of shards moves no more
 * documents than it must. Integer arithmetic on 32 bits, so that every language gets the same: `test/shard-vectors.json`.
 */
export function shardOf(document: DocumentName, count: number): number {
  if (count === 1) return 0;
  const low = hash(document.key, step(hash(document.space, 0x811c9dc5), SLASH));
  const high = hash(document.key, step(hash(document.space, 0x9747b28c), SLASH));
  let best = 0;
  let bestScore = -1;
  for (let index = 0; index < count; index++) {
    const score = mixed(low ^ imul(index + 1, 0x9e3779b1), high);
    if (score > bestScore) {
      bestScore = score;
      best = index;
    }
  }
  return best;
}

/** Throws `RangeError` for what is no shard. */
export function checkShard({ index, count }: LogShard): void {
  if (!Number.isInteger(count) || count < 1 || count > SHARDS_MAX) {
    throw new RangeError(`the number of shards must be from 1 to ${SHARDS_MAX}`);
  }
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`the index of a shard must be from 0 to ${count - 1}`);
  }
}

/** The error of a request that came to a log storage which does not keep the document. Nothing was done. */
export function wrongShardError(shard: LogShard): ServiceError {
  return new ServiceError("unavailable", "another shard of the log keeps this document: compare log.addresses", {
    details: { reason: "wrong_shard", index: shard.index, count: shard.count },
  });
}

/** FNV-1a over the characters of `space/key`, which are ASCII; part by part, because joining them costs twice as much. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let at = 0; at < text.length; at++) value = step(value, text.charCodeAt(at));
  return value;
}

function step(value: number, character: number): number {
  return imul(value ^ character, 0x01000193);
}

/** Two rounds of the finalizer of MurmurHash3, so that every bit of both reaches every bit of the result. */
function mixed(a: number, b: number): number {
  return finalized(finalized(a) ^ b) >>> 0;
}

function finalized(value: number): number {
  let mixing = value;
  mixing = imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return mixing ^ (mixing >>> 16);
}
