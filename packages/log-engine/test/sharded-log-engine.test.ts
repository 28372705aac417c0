import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type DocumentName, ServiceError } from "@tidewire/foundation";
import { logEngineCompliance } from "../src/compliance/compliance.ts";
import {
  defaultLogLimits,
  GuardedLogEngine,
  type LogEngine,
  MemoryLogEngine,
  ShardedLogEngine,
  shardOf,
} from "../src/index.ts";

const OPEN = { isSealed: false, movedTo: "" };

function shardsOf(count: number, limits = {}) {
  const stored = Array.from({ length: count }, () => new MemoryLogEngine({}, limits));
  const guarded = stored.map((engine, index) => new GuardedLogEngine(engine, { index, count }, OPEN));
  return { stored, guarded, engine: new ShardedLogEngine(guarded) };
}

logEngineCompliance(
  "Three guarded shards",
  async (limits = {}) => {
    const { engine } = shardsOf(3, limits);
    return { engine, limits: { ...defaultLogLimits, ...limits }, stop: () => engine.close() };
  },
  { isDurable: false, keepsHistory: true },
);

const names: DocumentName[] = Array.from({ length: 6_000 }, (_, index) => ({ space: "board-game", key: `g${index}` }));
const game = { space: "board-game", key: "g1" };

describe("where documents are", () => {
  test("is fixed for good: the vectors hold", () => {
    const file = new URL("./shard-vectors.json", import.meta.url);
    const vectors = JSON.parse(readFileSync(file, "utf8")) as { space: string; key: string; shards: number[] }[];
    expect(vectors.length).toBeGreaterThan(10);
    for (const { space, key, shards } of vectors) {
      expect([space, key, shards.map((_, index) => shardOf({ space, key }, index + 1))]).toEqual([space, key, shards]);
    }
  });

  test("is spread evenly, and a larger number moves only what it must", () => {
    for (const count of [2, 3, 5, 8]) {
      const sizes = Array.from({ length: count }, () => 0);
      let moved = 0;
      for (const name of names) {
        const shard = shardOf(name, count);
        sizes[shard]!++;
        if (shardOf(name, count + 1) !== shard) {
          expect(shardOf(name, count + 1)).toBe(count);
          moved++;
        }
      }
      const fair = names.length / count;
      for (const size of sizes) expect(Math.abs(size - fair) / fair).toBeLessThan(0.12);
      expect(moved).toBeLessThan((names.length / (count + 1)) * 1.15);
    }
  });
});

describe("one log of several is away", () => {
  test("its documents are unavailable, the others and all timers but its own go on", async () => {
    const { engine, stored } = shardsOf(3);
    const away = 1;
    const mine = names.filter((name) => shardOf(name, 3) !== away).slice(0, 20);
    const its = names.filter((name) => shardOf(name, 3) === away).slice(0, 5);
    for (const name of [...mine, ...its]) {
      const { epoch } = await engine.open(name, "host-a");
      await engine.append(name, { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1), wakeAt: 10 });
    }
    await stored[away]!.close();
    for (const name of mine) expect((await engine.open(name, "host-b")).seq).toBe(1);
    for (const name of its) await expect(engine.open(name, "host-b")).rejects.toMatchObject({ code: "unavailable" });
    expect((await engine.due({ before: 100, limit: 100 })).map(({ document }) => document.key).sort()).toEqual(
      mine.map(({ key }) => key).sort(),
    );
    await expect(engine.list("board-game", { limit: 10 })).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a guarded log", () => {
  const refusedBy = async (engine: LogEngine): Promise<(string | undefined)[]> => {
    const part = { epoch: 1, afterSeq: 0, replaces: true, patches: [], isDeleted: false };
    const attempts = [
      engine.open(game, "host-a"),
      engine.append(game, { epoch: 1, expectedSeq: 0, seq: 1, data: new Uint8Array(1) }),
      engine.snapshot(game, { epoch: 1, seq: 1, data: new Uint8Array(1) }),
      engine.release(game, 1),
      engine.read(game, { afterSeq: 0, limit: 1 }),
      engine.readAt(game, { seq: 1 }),
      engine.heads([game]),
      engine.install(game, part),
    ];
    return Promise.all(
      attempts.map((attempt) =>
        attempt.then(
          () => undefined,
          (error: unknown) => (error instanceof ServiceError ? String(error.details?.["reason"]) : "?"),
        ),
      ),
    );
  };

  test("refuses every request for a document of another shard", async () => {
    const stored = new MemoryLogEngine();
    const index = (shardOf(game, 3) + 1) % 3;
    const engine = new GuardedLogEngine(stored, { index, count: 3 }, OPEN);
    expect(await refusedBy(engine)).toEqual(Array.from({ length: 8 }, () => "wrong_shard"));
    expect(await stored.documents({ limit: 1 })).toEqual([]);
  });

  test("takes no writes while it is sealed, but what is installed; reads go on", async () => {
    const stored = new MemoryLogEngine();
    const engine = new GuardedLogEngine(stored, { index: 0, count: 1 }, { isSealed: true, movedTo: "log:1" });
    const sealed = ["sealed", "sealed", "sealed", "sealed"];
    expect(await refusedBy(engine)).toEqual([...sealed, undefined, undefined, undefined, undefined]);
    engine.unseal();
    expect((await engine.open(game, "host-a")).epoch).toBe(2);
  });

  test("is sealed when the writes under way have ended", async () => {
    const stored = new MemoryLogEngine();
    const engine = new GuardedLogEngine(stored, { index: 0, count: 1 }, OPEN);
    const { epoch } = await engine.open(game, "host-a");
    const held = stored.faults.holdNext("append");
    const appended = engine.append(game, { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1) });
    await held.reached;
    const order: string[] = [];
    const sealed = Promise.all([engine.seal(""), engine.seal("log:1")]).then(() => order.push("sealed"));
    await expect(engine.open(game, "host-b")).rejects.toMatchObject({ details: { reason: "sealed" }, retryable: true });
    held.release();
    await appended.then(() => order.push("appended"));
    await sealed;
    expect(order).toEqual(["appended", "sealed"]);
  });
});
