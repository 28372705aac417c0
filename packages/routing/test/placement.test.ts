import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { documentName } from "@tidewire/foundation";
import type { HostEntry, RoutingTable } from "@tidewire/protocol-routing";
import fc from "fast-check";
import { OwnerLookup, ownerOf, ownersOf } from "../src/owner-lookup.ts";
import { Rendezvous, score, WEIGHT_MAX } from "../src/rendezvous.ts";
import { digestOf } from "../src/routing-table.ts";
import { type Hash64, xxh64, xxh64Hex } from "../src/xxh64.ts";
import { host, tableOf } from "./support/tables.ts";

interface Vectors {
  readonly xxh64: readonly { readonly text: string; readonly hash: string }[];
  readonly scores: readonly { readonly document: string; readonly host: string; readonly score: number }[];
  readonly table: { readonly hosts: readonly HostEntry[]; readonly digest: string };
  readonly owners: readonly {
    readonly document: string;
    readonly owner: string;
    readonly ranking: readonly string[];
  }[];
}

const vectors = JSON.parse(readFileSync(new URL("../vectors.json", import.meta.url), "utf8")) as Vectors;

const hostIds = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 12 });
const weighted = hostIds.chain((ids) =>
  fc
    .array(fc.integer({ min: 1, max: 16 }), { minLength: ids.length, maxLength: ids.length })
    .map((weights) => ids.map((id, index) => host(id, { weight: weights[index]! }))),
);
const keys = Array.from({ length: 200 }, (_, index) => xxh64(`space/key-${index}`));
const ownersUnder = (hosts: readonly HostEntry[]): (string | undefined)[] => {
  const rendezvous = new Rendezvous(hosts);
  return keys.map((key) => rendezvous.owner(key)?.id);
};

describe("the published vectors", () => {
  test("hold for hashes; the first ones are those of the XXH64 specification", () => {
    expect(xxh64Hex("")).toBe("ef46db3751d8e999");
    expect(xxh64Hex("abc")).toBe("44bc2cf5ad770999");
    for (const { text, hash } of vectors.xxh64) expect([text, xxh64Hex(text)]).toEqual([text, hash]);
  });

  test("hold for scores, owners and the digest of a table", () => {
    for (const vector of vectors.scores) expect(score(xxh64(vector.document), xxh64(vector.host))).toBe(vector.score);
    const rendezvous = new Rendezvous(vectors.table.hosts);
    for (const { document, owner, ranking } of vectors.owners) {
      expect([document, rendezvous.owner(xxh64(document))?.id]).toEqual([document, owner]);
      expect(rendezvous.ranking(xxh64(document), 3).map(({ id }) => id)).toEqual(ranking);
    }
    expect(digestOf(vectors.table.hosts)).toBe(vectors.table.digest);
  });
});

describe("rendezvous hashing", () => {
  test("does not depend on the order of the hosts", () => {
    fc.assert(
      fc.property(weighted, fc.integer(), (hosts, turn) => {
        const shift = Math.abs(turn) % hosts.length;
        const turned = [...hosts.slice(shift), ...hosts.slice(0, shift)].reverse();
        expect(ownersUnder(turned)).toEqual(ownersUnder(hosts));
      }),
      { numRuns: 60 },
    );
  });

  test("moves only a removed host's own documents, and on an addition only to the new host", () => {
    fc.assert(
      fc.property(weighted, fc.nat(), (hosts, at) => {
        const gone = hosts[at % hosts.length]!;
        const before = ownersUnder(hosts);
        const after = ownersUnder(hosts.filter((entry) => entry !== gone));
        before.forEach((owner, index) => {
          if (owner !== gone.id) expect(after[index]).toBe(owner);
          else expect(after[index]).not.toBe(gone.id);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("one more unit of weight moves documents only to that host", () => {
    fc.assert(
      fc.property(weighted, fc.nat(), (hosts, at) => {
        const index = at % hosts.length;
        const heavier = hosts.map((entry, position) =>
          position === index ? { ...entry, weight: Math.min(16, entry.weight + 1) } : entry,
        );
        const after = ownersUnder(heavier);
        ownersUnder(hosts).forEach((owner, key) => {
          if (after[key] !== owner) expect(after[key]).toBe(hosts[index]!.id);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("the next in the ranking owns what the owner leaves", () => {
    const hosts = ["a", "b", "c", "d"].map((id) => host(id));
    for (const key of keys) {
      const ranking = new Rendezvous(hosts).ranking(key, 4).map(({ id }) => id);
      for (let gone = 0; gone < 3; gone++) {
        const rest = hosts.filter(({ id }) => !ranking.slice(0, gone).includes(id));
        expect(new Rendezvous(rest).owner(key)?.id).toBe(ranking[gone]);
      }
    }
  });

  test("spreads documents evenly: chi-squared over 64 hosts within five sigma", () => {
    const hosts = Array.from({ length: 64 }, (_, index) => host(`document-host-${index}`));
    expect(chiSquared(hosts, 64_000)).toBeLessThan(63 + 5 * Math.sqrt(2 * 63));
  });

  test("gives each host the share of its weight, within five sigma", () => {
    const weights = [1, 1, 2, 4, 8, 16];
    const hosts = weights.map((weight, index) => host(`h${index}`, { weight }));
    expect(chiSquared(hosts, 32_000)).toBeLessThan(5 + 5 * Math.sqrt(2 * 5));
  });

  test("an added host takes its share, within five sigma", () => {
    const count = 20_000;
    for (const size of [1, 3, 9]) {
      const hosts = Array.from({ length: size }, (_, index) => host(`h${index}`));
      const [before, after] = [new Rendezvous(hosts), new Rendezvous([...hosts, host("new")])];
      let moved = 0;
      for (let index = 0; index < count; index++) {
        const key = xxh64(`s/${index}`);
        if (before.owner(key) !== after.owner(key)) moved++;
      }
      const share = 1 / (size + 1);
      expect(Math.abs(moved - count * share)).toBeLessThan(5 * Math.sqrt(count * share * (1 - share)));
    }
  });

  test("every bit of the inputs reaches every bit of the score", () => {
    const rounds = 400;
    for (let bit = 0; bit < 64; bit++) {
      const flips = Array.from({ length: 53 }, () => 0);
      for (let round = 0; round < rounds; round++) {
        const document = xxh64(`d${round}`);
        const flipped: Hash64 =
          bit < 32
            ? { ...document, low: (document.low ^ (1 << bit)) >>> 0 }
            : { ...document, high: (document.high ^ (1 << (bit - 32))) >>> 0 };
        const [a, b] = [BigInt(score(document, xxh64("host"))), BigInt(score(flipped, xxh64("host")))];
        const difference = a ^ b;
        for (let out = 0; out < 53; out++) if (((difference >> BigInt(out)) & 1n) === 1n) flips[out]!++;
      }
      // Half, within seven sigma: 64 x 53 cells are looked at.
      const worst = Math.max(...flips.map((count) => Math.abs(count - rounds / 2)));
      expect([bit, worst < 7 * Math.sqrt(rounds / 4)]).toEqual([bit, true]);
    }
  });
});

describe("the owner of a document", () => {
  const name = documentName("board-game", "g1");

  test("is an active host; joining and draining ones get nothing new", () => {
    const table = tableOf([host("a", { state: "draining" }), host("b"), host("c", { state: "joining" })]);
    expect(ownerOf(table, name)?.id).toBe("b");
    expect(ownersOf(table, name, 3).map(({ id }) => id)).toEqual(["b"]);
    expect(ownerOf(tableOf([host("a", { state: "draining" })]), name)).toBeUndefined();
    expect(ownerOf(tableOf([]), name)).toBeUndefined();
  });

  test("does not depend on address, zone or boot: a restarted host keeps its documents", () => {
    const ids = ["a", "b", "c"];
    const moved = tableOf(ids.map((id) => host(id, { boot: 9, address: `${id}:9`, zone: "other" })));
    for (let index = 0; index < 50; index++) {
      const document = documentName("space", `k${index}`);
      expect(ownerOf(moved, document)?.id).toBe(ownerOf(tableOf(ids.map((id) => host(id))), document)?.id);
    }
  });

  test("is found the same way with a memory, which starts over with another digest and stays within its bound", () => {
    const lookup = new OwnerLookup({ capacity: 10 });
    const tables: RoutingTable[] = [["a", "b", "c"], ["a", "c"], [], ["a", "b", "c", "d"]].map((ids) =>
      tableOf(ids.map((id) => host(id))),
    );
    for (const table of tables) {
      for (let index = 0; index < 40; index++) {
        const document = documentName("space", `k${index % 25}`);
        expect(lookup.ownerOf(table, document)).toEqual(ownerOf(table, document));
        expect(lookup.size).toBeLessThanOrEqual(10);
      }
    }
    expect(lookup.size).toBe(10);
  });

  test("more weight than the most is the most, and less than one is one", () => {
    const weights = (of: readonly number[]): RoutingTable =>
      tableOf(of.map((weight, index) => host(`h${index}`, { weight })));
    const [extreme, bounded] = [weights([1_000, 0, -3]), weights([WEIGHT_MAX, 1, 1])];
    for (let index = 0; index < 500; index++) {
      const document = documentName("space", `k${index}`);
      expect(ownerOf(extreme, document)?.id).toBe(ownerOf(bounded, document)?.id);
    }
  });

  test("keys like __proto__ are keys", () => {
    const lookup = new OwnerLookup();
    const table = tableOf([host("__proto__"), host("constructor")]);
    for (const key of ["__proto__", "constructor", "toString"]) {
      const document = documentName("space", key);
      expect(["__proto__", "constructor"]).toContain(lookup.ownerOf(table, document)?.id);
    }
  });
});

/** Against shares in proportion to the weights. */
function chiSquared(hosts: readonly HostEntry[], documents: number): number {
  const rendezvous = new Rendezvous(hosts);
  const counts = new Map<string, number>(hosts.map(({ id }) => [id, 0]));
  for (let index = 0; index < documents; index++) {
    const { id } = rendezvous.owner(xxh64(`board-game/game-${index}`))!;
    counts.set(id, counts.get(id)! + 1);
  }
  const total = hosts.reduce((sum, { weight }) => sum + weight, 0);
  return hosts.reduce((sum, { id, weight }) => {
    const expected = (documents * weight) / total;
    return sum + (counts.get(id)! - expected) ** 2 / expected;
  }, 0);
}
