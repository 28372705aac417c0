import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatEndpoint, parseEndpoint } from "./address.ts";

/** Addresses a name may stand for; a headless service of a large fleet has many. */
const ADDRESSES_MAX = 64;

/** Turns seeds into addresses; names are looked up anew each time, because pods move. What cannot be found is left out. */
export async function resolveSeeds(seeds: readonly string[], family: 4 | 6): Promise<string[]> {
  const found = await Promise.all(seeds.map((seed) => resolveSeed(seed, family)));
  return [...new Set(found.flat())];
}

async function resolveSeed(seed: string, family: 4 | 6): Promise<string[]> {
  const { host, port } = parseEndpoint(seed);
  if (isIP(host) !== 0) return [formatEndpoint({ host, port })];
  try {
    const addresses = await lookup(host, { all: true, family });
    return addresses.slice(0, ADDRESSES_MAX).map(({ address }) => formatEndpoint({ host: address, port }));
  } catch {
    return [];
  }
}
