import type { Random } from "@tidewire/foundation";
import type { S3Client } from "../s3/s3-client.ts";
import { S3Error } from "../s3/s3-error.ts";
import { EPOCH_MAX, epochName, type StoreKeys } from "../store/backup-keys.ts";

export interface ClaimedEpoch {
  readonly name: string;
  readonly number: number;
  /** Whether the server refuses to overwrite when asked not to. */
  readonly isFenced: boolean;
}

const ATTEMPTS = 20;

/**
 * Takes the next epoch of a store: one for each start of a process. Its name carries a random part, so that two processes
 * which take the same number still write to different places; on servers that honour conditional puts they also get
 * different numbers. Whether the server does is tried out here, not believed: some ignore the condition and overwrite.
 */
export async function claimEpoch(
  s3: S3Client,
  keys: StoreKeys,
  modules: { readonly random: Random; readonly node: string; readonly now: number },
): Promise<ClaimedEpoch> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const number = (await highestEpoch(s3, keys)) + 1;
    if (number > EPOCH_MAX) {
      throw new Error(
        `${keys.claim(EPOCH_MAX)} is the last epoch there can be: remove it if no process of ours wrote it`,
      );
    }
    const token = modules.random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, "0");
    const name = epochName(number, token);
    const key = keys.claim(number);
    const body = Buffer.from(JSON.stringify({ epoch: name, node: modules.node, at: modules.now }));
    const outcome = await putIfAbsent(s3, key, body);
    // An answer may have been lost and the request repeated: then it is ours all the same.
    if (outcome === "exists" && !body.equals((await s3.get(key)) ?? Buffer.alloc(0))) continue;
    if (outcome !== "unknown") {
      const isFenced = (await putIfAbsent(s3, key, body)) === "exists";
      return { name, number, isFenced };
    }
    await s3.put(key, body);
    return { name, number, isFenced: false };
  }
  throw new Error(`no epoch could be claimed in ${ATTEMPTS} attempts: others take them all the time`);
}

/** 0 if there is none. */
export async function highestEpoch(s3: S3Client, keys: StoreKeys): Promise<number> {
  let highest = 0;
  for await (const { key } of s3.list(keys.claims)) {
    const number = /^(\d{6})\.json$/.exec(key.slice(keys.claims.length))?.[1];
    if (number !== undefined) highest = Math.max(highest, Number(number));
  }
  return highest;
}

/** `unknown`: the server does not do conditions, and says so. */
async function putIfAbsent(s3: S3Client, key: string, body: Buffer): Promise<"stored" | "exists" | "unknown"> {
  try {
    return await s3.put(key, body, { onlyIfAbsent: true });
  } catch (error) {
    if (error instanceof S3Error && (error.status === 501 || error.code === "NotImplemented")) return "unknown";
    throw error;
  }
}
