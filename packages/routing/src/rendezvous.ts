import { type DocumentName, documentPath } from "@tidewire/foundation";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import { type Hash64, xxh64 } from "./xxh64.ts";

/** A host takes part once for each unit of weight; more would only cost time. */
export const WEIGHT_MAX = 16;

const { imul } = Math;

/**
 * Rendezvous hashing: every active host gets a score for the document, the highest wins. Removing a host moves only
 * its own documents, adding one only those it wins. A host of weight w draws w times and keeps its best, so it wins
 * w/sum of the documents exactly, and one more unit of weight moves documents only to it.
 *
 * Everything is integer arithmetic on 32-bit halves, so that every language gets the same owners: vectors.json.
 */
export class Rendezvous {
  readonly #hosts: readonly { readonly entry: HostEntry; readonly draws: readonly Hash64[] }[];

  /** @param hosts eligible ones; their order does not matter. */
  constructor(hosts: readonly HostEntry[]) {
    this.#hosts = [...hosts].sort(compareHostIds).map((entry) => ({ entry, draws: drawsOf(entry) }));
  }

  /** Those of a table that may own documents. */
  static of(table: RoutingTable): Rendezvous {
    return new Rendezvous(table.hosts.filter((host) => host.state === "active"));
  }

  owner(document: Hash64): HostEntry | undefined {
    let best: HostEntry | undefined;
    let bestScore = -1;
    for (const { entry, draws } of this.#hosts) {
      const score = bestDraw(document, draws);
      // Sorted by id, so that a tie goes to the smaller one.
      if (score > bestScore) {
        bestScore = score;
        best = entry;
      }
    }
    return best;
  }

  /** The `count` best hosts, the owner first: who would take over, in order. */
  ranking(document: Hash64, count: number): HostEntry[] {
    const scored = this.#hosts.map(({ entry, draws }) => ({ entry, score: bestDraw(document, draws) }));
    scored.sort((a, b) => b.score - a.score || compareHostIds(a.entry, b.entry));
    return scored.slice(0, count).map(({ entry }) => entry);
  }
}

/** XXH64 over `space/key`. */
export function documentHash(name: DocumentName): Hash64 {
  return xxh64(documentPath(name));
}

/**
 * 53 bits from a document's and a host's hash. The halves are crossed four times with the multipliers of MurmurHash3
 * and xxHash, so that every input bit reaches every output bit.
 */
export function score(document: Hash64, draw: Hash64): number {
  let a = document.low ^ draw.low;
  let b = document.high ^ draw.high;
  a = imul(a ^ (a >>> 16), 0x85ebca6b);
  b = (b + a) | 0;
  b = imul(b ^ (b >>> 13), 0xc2b2ae35);
  a = (a + b) | 0;
  a = imul(a ^ (a >>> 16), 0x27d4eb2f);
  b ^= a;
  b = imul(b ^ (b >>> 15), 0x165667b1);
  a ^= b ^ (b >>> 16);
  b ^= b >>> 16;
  return (b >>> 0) * 0x20_0000 + (a >>> 11);
}

/** The n-th draw of a host: its id's hash, shifted along the golden ratio. */
function drawsOf({ id, weight }: HostEntry): Hash64[] {
  const { high, low } = xxh64(id);
  const count = Math.max(1, Math.min(WEIGHT_MAX, Math.floor(weight)));
  return Array.from({ length: count }, (_, index) => ({
    high: (high ^ imul(index, 0x85ebca77)) >>> 0,
    low: (low ^ imul(index, 0x9e3779b9)) >>> 0,
  }));
}

function bestDraw(document: Hash64, draws: readonly Hash64[]): number {
  let best = -1;
  for (const draw of draws) {
    const value = score(document, draw);
    if (value > best) best = value;
  }
  return best;
}

/** By code units; ids are ASCII, so this is the order of their bytes too. */
export function compareHostIds(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
