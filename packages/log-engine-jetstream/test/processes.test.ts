import { expect, test } from "@jest/globals";
import { StreamSetupError, UnsafeServerError } from "../src/index.ts";
import { currentServer, type NatsBinary, oldServer } from "../src/testing/index.ts";
import { Bench, errorOf, game, places, step, until } from "./support/bench.ts";
import { countedMetrics } from "./support/counted-metrics.ts";
import { openEngine } from "./support/engines.ts";

const bench = new Bench();

bench.eachServer((start, binary) => {
  test("processes side by side: fences are pushed, timers are seen, writers are kept apart", async () => {
    const server = await start();
    const [a, b] = [await bench.open(server), await bench.open(server)];
    const { epoch: old } = await a.open(game, "host-a");
    const told = new Promise<number>((resolve) => {
      a.watchFenced("host-a", (_, epoch) => resolve(epoch));
    });
    // Answered once the subscription stands.
    await a.heads([game]);
    await a.append(game, step(old, 0, { wakeAt: 5_000 }));
    expect(await b.due({ before: 6_000, limit: 5 })).toEqual([{ document: game, wakeAt: 5_000 }]);
    const { epoch } = await b.open(game, "host-b");
    expect(await told).toBe(epoch);
    expect((await errorOf(a.append(game, step(old, 1)))).details).toEqual({ epoch, seq: 1 });
    await b.append(game, step(epoch, 1, { wakeAt: 9_000 }));
    expect(await a.due({ before: 6_000, limit: 5 })).toEqual([]);
    expect(await a.due({ before: 9_001, limit: 5 })).toEqual([{ document: game, wakeAt: 9_000 }]);
  });

  test("entries of timers that the log does not confirm go after their grace, and are put right", async () => {
    const server = await start();
    const engine = await bench.open(server, { dueGraceMs: 1, purgesPerSecond: 1_000 });
    const { epoch } = await engine.open(game, "host-a");
    await engine.append(game, step(epoch, 0, { wakeAt: 1_000 }));
    await engine.append(game, step(epoch, 1, { wakeAt: 2_000 }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await engine.due({ before: 1_500, limit: 5 })).toEqual([]);
    const jsm = await bench.admin(server);
    const entry = async (): Promise<string | undefined> =>
      (await jsm.streams.getMessage("tidewire_DUE", { last_by_subj: places.dueSubject }))?.string();
    expect(await entry()).toBe("2000");
    await engine.append(game, step(epoch, 2));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await engine.due({ before: 9_000, limit: 5 })).toEqual([]);
    await until(entry, (text) => text === undefined);
    await engine.append(game, step(epoch, 3, { wakeAt: 3_000 }));
    expect(await engine.due({ before: 9_000, limit: 5 })).toEqual([{ document: game, wakeAt: 3_000 }]);
  });

  test("of more timers than memory may hold none is missed", async () => {
    const server = await start();
    const engine = await bench.open(server, { dueEntriesMax: 4, dueGraceMs: 1, purgesPerSecond: 1_000 });
    for (let index = 0; index < 10; index++) {
      const document = { space: "board-game", key: `t${index}` };
      const { epoch } = await engine.open(document, "host-a");
      await engine.append(document, step(epoch, 0, { wakeAt: 1_000 + index }));
    }
    const seen: string[] = [];
    for (let round = 0; round < 10; round++) {
      const [first] = await engine.due({ before: 2_000, limit: 1 });
      seen.push(first!.document.key);
      const { epoch, seq } = await engine.open(first!.document, "host-a");
      await engine.append(first!.document, step(epoch, seq));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => `t${index}`));
  });

  test("the number of partitions is fixed, and streams of others are left alone", async () => {
    const server = await start();
    await bench.open(server);
    await expect(openEngine([server.url], { partitions: 3 })).rejects.toThrow(StreamSetupError);
    await expect(openEngine([server.url], { partitions: 3 })).rejects.toThrow("nats.partitions 2");
    const jsm = await bench.admin(server);
    await jsm.streams.add({ name: "other_META", subjects: ["something.else"] });
    await expect(openEngine([server.url], { namespace: "other" })).rejects.toThrow("exists with other settings");
  });

  test("what is known of durability is told", async () => {
    const server = await start();
    const { sink, values } = countedMetrics();
    const unknown = await bench.open(server, {}, sink);
    expect([unknown.status.durability, values.get("is_durable")]).toMatchObject([
      { isDurable: false, source: "unknown" },
      0,
    ]);
    const asked = await bench.open(server, { monitoring: [server.monitoringUrl] });
    expect(asked.status.durability).toMatchObject({
      isDurable: false,
      source: "monitoring",
      versions: [binary.version],
    });
    const stated = await bench.open(server, { statesSyncAlways: true }, sink);
    expect([stated.status.durability, values.get("is_durable")]).toMatchObject([
      { isDurable: true, source: "stated" },
      1,
    ]);
  });

  test("the seal of the log is one for all processes, and is kept", async () => {
    const server = await start();
    const [a, b] = [await bench.open(server), await bench.open(server)];
    const heard = new Promise<object>((resolve) => {
      a.seal.follow(resolve);
    });
    await a.heads([game]);
    const seal = { isSealed: true, movedTo: "elsewhere" };
    await b.seal.set(seal);
    expect([await heard, a.seal.now, b.seal.now]).toEqual([seal, seal, seal]);
    expect((await bench.open(server)).seal.now).toEqual(seal);
  });
});

if (currentServer !== undefined) {
  test("servers that sync each write are recognised by their monitoring port", async () => {
    const server = await bench.start(currentServer as NatsBinary, { syncAlways: true });
    const engine = await bench.open(server, { monitoring: [server.monitoringUrl] });
    expect(engine.status.durability).toMatchObject({ isDurable: true, source: "monitoring" });
  });
}

if (oldServer !== undefined) {
  test("an old server is refused for replicas, unless that is accepted", async () => {
    const server = await bench.start(oldServer as NatsBinary);
    await expect(openEngine([server.url], { replicas: 3 })).rejects.toThrow(UnsafeServerError);
    // A single server has no peers to replicate to; the gate itself lets it pass.
    await expect(openEngine([server.url], { replicas: 3, acceptsUnsafe: true, startTimeoutMs: 1 })).rejects.not.toThrow(
      UnsafeServerError,
    );
  });
}
