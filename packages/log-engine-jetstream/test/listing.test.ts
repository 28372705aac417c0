import { describe, expect, test } from "@jest/globals";
import type { DocumentName } from "@tidewire/foundation";
import type { LogEngine } from "@tidewire/log-engine";
import fc from "fast-check";
import { currentServer } from "../src/testing/index.ts";
import { Bench } from "./support/bench.ts";

const bench = new Bench();

async function make(engine: LogEngine, name: DocumentName, isDeleted = false): Promise<void> {
  await engine.install(name, { epoch: 1, afterSeq: 1, replaces: true, isDeleted, patches: [] });
}

async function paged<Row>(limit: number, page: (last: Row | undefined) => Promise<Row[]>): Promise<Row[]> {
  const all: Row[] = [];
  for (;;) {
    const rows = await page(all.at(-1));
    all.push(...rows);
    if (rows.length < limit) return all;
  }
}

describe("listing", () => {
  bench.eachServer((start, binary) => {
    test("goes through more documents than are kept in memory, page by page, whatever the sizes", async () => {
      const server = await start();
      const names = Array.from({ length: 40 }, (_, index) => ({
        space: ["arena", "board-game", "chat"][index % 3]!,
        key: `k${(index * 7) % 40}`,
      }));
      const writer = await bench.open(server);
      for (const [index, name] of names.entries()) await make(writer, name, index % 5 === 4);
      await make(writer, { space: "solo", key: "a" });
      const existing = names.filter((_, index) => index % 5 !== 4);
      const keysOf = (space: string): string[] =>
        existing
          .filter((name) => name.space === space)
          .map(({ key }) => key)
          .sort();
      const sizes = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 }));
      await fc.assert(
        fc.asyncProperty(sizes, async ([listingNamesMax, limit]) => {
          const engine = await bench.open(server, { listingNamesMax });
          for (const space of ["arena", "board-game", "chat", "none"]) {
            const listed = await paged<{ key: string }>(limit, (last) =>
              engine.list(space, { limit, ...(last === undefined ? {} : { afterKey: last.key }) }),
            );
            expect(listed.map(({ key }) => key)).toEqual(keysOf(space));
          }
          const known = await paged<{ document: DocumentName }>(limit, (last) =>
            engine.documents({ limit, ...(last === undefined ? {} : { after: last.document }) }),
          );
          expect(known).toHaveLength(names.length + 1);
          const paths = known.map(({ document }) => `${document.space} ${document.key}`);
          expect(paths).toEqual([...new Set(paths)].sort());
          const spaces = await paged<string>(limit, (last) =>
            engine.spaces({ limit, ...(last === undefined ? {} : { afterSpace: last }) }),
          );
          expect(spaces).toEqual(["arena", "board-game", "chat", "solo"]);
        }),
        { numRuns: 12 },
      );
    });

    test("sees what is new with the next first page", async () => {
      const engine = await bench.open(await start());
      await make(engine, { space: "chat", key: "b" });
      expect(await engine.list("chat", { limit: 5 })).toHaveLength(1);
      await make(engine, { space: "chat", key: "a" });
      expect((await engine.list("chat", { limit: 5 })).map(({ key }) => key)).toEqual(["a", "b"]);
    });

    test("asks for the heads of a page together, and for those one by one that do not fit an answer", async () => {
      const server = await start();
      const engine = await bench.open(server, { partitions: 2, inlineMaxBytes: 256 * 1024 });
      const keys = Array.from({ length: 120 }, (_, index) => `k${String(index).padStart(3, "0")}`);
      for (const [index, key] of keys.entries()) {
        const document = { space: "chat", key };
        const { epoch } = await engine.open(document, "host-a");
        const data = Buffer.alloc(index % 4 === 0 ? 200 * 1024 : 10, index);
        await engine.append(document, { epoch, expectedSeq: 0, seq: index + 1, data });
      }
      const messages = async (): Promise<number> => {
        const answer = await fetch(`${server.monitoringUrl}/varz`);
        return ((await answer.json()) as { readonly in_msgs: number }).in_msgs;
      };
      const before = await messages();
      const listed = await engine.list("chat", { limit: 1_000 });
      expect(listed).toEqual(keys.map((key, index) => ({ key, seq: index + 1 })));
      const asked = (await messages()) - before;
      if (binary === currentServer) expect(asked).toBeLessThan(keys.length);
      else expect(asked).toBeGreaterThan(keys.length);
    });
  });
});
