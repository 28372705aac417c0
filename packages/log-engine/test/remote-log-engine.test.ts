import { describe, expect, test } from "@jest/globals";
import {
  type Clock,
  ManualClock,
  noLogger,
  noMetrics,
  SeededRandom,
  ServiceError,
  SystemClock,
} from "@tidewire/foundation";
import { LinkServiceTable, MemoryLinkNetwork, PeerLink } from "@tidewire/link";
import { logEngineCompliance } from "../src/compliance/compliance.ts";
import { defaultLogLimits, type LogLimits, MemoryLogEngine, RemoteLogEngine, serveLogEngine } from "../src/index.ts";

const game = { space: "board-game", key: "g1" };

/** A memory log in one process of a memory network, used from another. */
async function startRemote(limits: Partial<LogLimits> = {}, clock: Clock = new SystemClock()) {
  const network = new MemoryLinkNetwork({ clock });
  const stored = new MemoryLogEngine({}, limits);
  const services = new LinkServiceTable();
  serveLogEngine(stored, services);
  const listener = await network.node("log-0", "log-storage").listen("log:0", services);
  const random = new SeededRandom(7);
  const link = new PeerLink(listener.address, {
    transport: network.node("host-a", "tool"),
    clock,
    random,
    logger: noLogger,
    metrics: noMetrics,
  });
  const engine = new RemoteLogEngine({ link, clock, random }, limits);
  const stop = async (): Promise<void> => {
    await engine.close();
    await link.close();
    await listener.close();
    await stored.close();
  };
  return { network, stored, engine, stop, limits: { ...defaultLogLimits, ...limits } };
}

logEngineCompliance("RemoteLogEngine over the memory link", (limits) => startRemote(limits), {
  isDurable: false,
  keepsHistory: true,
});

describe("over the link", () => {
  test("a fenced error keeps the newest epoch and seq", async () => {
    const { engine, stop } = await startRemote();
    const { epoch } = await engine.open(game, "host-a");
    await engine.append(game, { epoch, expectedSeq: 0, seq: 9, data: new Uint8Array(1) });
    const { epoch: newer } = await engine.open(game, "host-b");
    const late = engine.append(game, { epoch, expectedSeq: 9, seq: 10, data: new Uint8Array(1) });
    await expect(late).rejects.toMatchObject({ code: "fenced", details: { epoch: newer, seq: 9 } });
    await stop();
  });

  test("an unavailable log keeps its reason", async () => {
    const { engine, stored, stop } = await startRemote();
    const { epoch } = await engine.open(game, "host-a");
    stored.faults.failNext("append", new ServiceError("unavailable", "full", { details: { reason: "disk_full" } }));
    const refused = engine.append(game, { epoch, expectedSeq: 0, seq: 1, data: new Uint8Array(1) });
    await expect(refused).rejects.toMatchObject({ code: "unavailable", details: { reason: "disk_full" } });
    await stop();
  });

  test("a history larger than a message is fetched in pieces", async () => {
    const { engine, stop } = await startRemote();
    const { epoch } = await engine.open(game, "host-a");
    const data = (seq: number): Uint8Array => new Uint8Array(9 * 1024 * 1024).fill(seq);
    for (let seq = 1; seq <= 4; seq++) await engine.append(game, { epoch, expectedSeq: seq - 1, seq, data: data(seq) });
    const whole = await engine.open(game, "host-a");
    expect(whole.patches.map((patch) => [patch.seq, patch.data.length, patch.data[5]])).toEqual(
      [1, 2, 3, 4].map((seq) => [seq, 9 * 1024 * 1024, seq]),
    );

    await engine.snapshot(game, { epoch: whole.epoch, seq: 2, data: data(77) });
    const again = await engine.open(game, "host-a");
    expect([again.snapshot?.seq, again.snapshot?.data[0], again.patches.map((patch) => patch.seq)]).toEqual([
      2,
      77,
      [3, 4],
    ]);
    const read = await engine.read(game, { afterSeq: 0, limit: 10 });
    expect([read.snapshot?.seq, read.patches.map((patch) => patch.seq)]).toEqual([2, [3]]);
    await stop();
  });

  test("a watch goes on after its connection broke", async () => {
    const clock = new ManualClock();
    const { engine, stored, network, stop } = await startRemote({}, clock);
    const told: [string, number][] = [];
    engine.watchFenced("host-a", (document, epoch) => told.push([document.key, epoch]));
    await clock.advanceAsync(10);
    await stored.open(game, "host-a");
    await stored.open(game, "host-b");
    await clock.advanceAsync(10);
    expect(told).toEqual([["g1", 2]]);

    network.sever("host-a", "log-0");
    await clock.advanceAsync(60_000);
    const other = { space: "board-game", key: "g2" };
    await stored.open(other, "host-a");
    await stored.open(other, "host-b");
    await clock.advanceAsync(10);
    expect(told).toEqual([
      ["g1", 2],
      ["g2", 2],
    ]);
    const stopped = stop();
    await clock.advanceAsync(10_000);
    await stopped;
  });

  test("a watcher that is slow to take its events gets all of them, each document once", async () => {
    const { engine, stored, stop } = await startRemote();
    const lost = new Map<string, number>();
    let arrived = (): void => {};
    const all = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    engine.watchFenced("host-a", (document, epoch) => {
      lost.set(document.key, epoch);
      if (lost.size === 3_000) arrived();
    });
    // Reaches the log behind the request to watch, on the same connection.
    await engine.list("board-game", { limit: 1 });
    const names = Array.from({ length: 3_000 }, (_, index) => ({ space: "board-game", key: `g${index}` }));
    for (const name of names) await stored.open(name, "host-a");
    for (const name of names) await stored.open(name, "host-b");
    await all;
    expect(lost.size).toBe(3_000);
    await stop();
  });
});
