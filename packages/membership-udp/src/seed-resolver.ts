import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatEndpoint, parseEndpoint } from "./address.ts";

/** Addresses a name may stand for; a headless service of a large fleet has many. */
const ADDRESSES_MAX = 64;

/**
 * Turns seeds into addresses, in the order of the seeds and sorted within a name, so that everyone who is configured
 * alike finds the same first one. Names are looked up anew each time, because pods move; unknown ones are left out.
 */
export async function resolveSeeds(seeds: readonly string[], family: 4 | 6): Promise<string[]> {
  const found = await Promise.all(seeds.map((seed) => resolveSeed(seed, family)));
  return [...new Set(found.flat())];
}

async function resolveSeed(seed: string, family: 4 | 6): Promise<string[]> {
  const { host, port } = parseEndpoint(seed);
  if (isIP(host) !== 0) return [formatEndpoint({ host, port })];
  try {
    const addresses = await lookup(host, { all: true, family });
    const found = addresses.map(({ address }) => formatEndpoint({ host: address, port }));
    return found.sort().slice(0, ADDRESSES_MAX);
  } catch {
    return [];
  }
}
