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
import { LogService } from "@tidewire/protocol-log";
import { logEngineCompliance } from "../src/compliance/compliance.ts";
import { defaultLogLimits, type LogLimits, MemoryLogEngine, RemoteLogEngine, serveLogEngine } from "../src/index.ts";

const game = { space: "board-game", key: "g1" };

/** A memory log in one process of a memory network, used from another. */
async function startRemote(limits: Partial<LogLimits> = {}, clock: Clock = new SystemClock(), role = "tool") {
  const network = new MemoryLinkNetwork({ clock });
  const stored = new MemoryLogEngine({}, limits);
  const services = new LinkServiceTable();
  serveLogEngine(stored, services);
  const listener = await network.node("log-0", "log-storage").listen("log:0", services);
  const random = new SeededRandom(7);
  const link = new PeerLink(listener.address, {
    transport: network.node("host-a", role),
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
  return {
    network,
    stored,
    engine,
    link,
    modules: { clock, random },
    stop,
    limits: { ...defaultLogLimits, ...limits },
  };
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

  test("a long tail comes in parts of two megabytes, with no more read over there than about twice that", async () => {
    const { engine, stored, link, stop } = await startRemote();
    const { epoch } = await engine.open(game, "host-a");
    const data = new Uint8Array(1_000);
    for (let seq = 1; seq <= 9_000; seq++) await engine.append(game, { epoch, expectedSeq: seq - 1, seq, data });
    const request = { space: game.space, key: game.key, owner: "host-a" };
    const first = await link.call(LogService.methods.open, request);
    expect(first.patches.length).toBeGreaterThan(1_900);
    expect(first.patches.length).toBeLessThan(2_100);

    const limits: number[] = [];
    const read = stored.read.bind(stored);
    stored.read = (document, range) => {
      limits.push(range.limit);
      return read(document, range);
    };
    const { patches } = await engine.open(game, "host-a");
    expect(patches.map(({ seq }) => seq)).toEqual(Array.from({ length: 9_000 }, (_, index) => index + 1));
    expect(limits).toHaveLength(4);
    expect(Math.max(...limits)).toBeLessThan(4_300);
    await stop();
  });

  describe("what changes between two pieces", () => {
    const data = (seq: number): Uint8Array => new Uint8Array(9 * 1024 * 1024).fill(seq);

    async function begin() {
      const remote = await startRemote();
      const { epoch } = await remote.stored.open(game, "host-b");
      for (let seq = 1; seq <= 3; seq++) {
        await remote.stored.append(game, { epoch, expectedSeq: seq - 1, seq, data: data(seq) });
      }
      return remote;
    }

    test.each([
      [
        "a deletion",
        async (stored: MemoryLogEngine, epoch: number) => {
          await stored.append(game, { epoch, expectedSeq: 3, seq: 4, data: new Uint8Array(1), deletes: true });
        },
      ],
      [
        "a snapshot of later",
        async (stored: MemoryLogEngine, epoch: number) => {
          await stored.append(game, { epoch, expectedSeq: 3, seq: 4, data: new Uint8Array(1) });
          await stored.snapshot(game, { epoch, seq: 4, data: new Uint8Array(1) });
        },
      ],
    ])("%s does not make half a document of it: it is to be opened again", async (_, change) => {
      const { engine, stored, stop } = await begin();
      const held = stored.faults.holdNext("read");
      const opening = engine.open(game, "host-a");
      const refused = expect(opening).rejects.toMatchObject({ code: "unavailable", retryable: true });
      await held.reached;
      await change(stored, (await stored.open(game, "host-b")).epoch);
      held.release();
      await refused;
      expect((await engine.open(game, "host-a")).seq).toBe(4);
      await stop();
    });

    test("is read with the snapshot that belongs to it", async () => {
      const { engine, stored, stop } = await begin();
      const { epoch } = await stored.open(game, "host-b");
      await stored.snapshot(game, { epoch, seq: 1, data: data(101) });
      const first = stored.faults.holdNext("read");
      const reading = engine.read(game, { afterSeq: 0, limit: 10 });
      await first.reached;
      const second = stored.faults.holdNext("read");
      first.release();
      await second.reached;
      await stored.snapshot(game, { epoch, seq: 2, data: data(102) });
      second.release();
      const { snapshot, patches } = await reading;
      expect([snapshot?.seq, patches.map(({ seq }) => seq)]).toEqual([2, [3]]);
      await stop();
    });
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

  test("what was lost while the connection was broken is told with the next one", async () => {
    const clock = new ManualClock();
    const { engine, stored, network, stop } = await startRemote({}, clock);
    const told: [string, number][] = [];
    const name = (key: string) => ({ space: "board-game", key });
    engine.watchFenced("host-a", (document, epoch) => told.push([document.key, epoch]));
    const settled = async <Value>(promise: Promise<Value>): Promise<Value> => {
      await clock.advanceAsync(10);
      return promise;
    };
    for (const key of ["kept", "lost", "lost-twice", "released"]) await settled(engine.open(name(key), "host-a"));
    await settled(engine.release(name("released"), 1));

    network.sever("host-a", "log-0");
    for (const key of ["lost", "lost-twice", "lost-twice", "released"]) await stored.open(name(key), "host-b");
    expect(told).toEqual([]);
    await clock.advanceAsync(5_000);
    expect(told.sort(([a], [b]) => (a < b ? -1 : 1))).toEqual([
      ["lost", 2],
      ["lost-twice", 3],
    ]);
    // Once is enough, also over the connections to come.
    network.sever("host-a", "log-0");
    await clock.advanceAsync(60_000);
    expect(told).toHaveLength(2);
    const stopped = stop();
    await clock.advanceAsync(10_000);
    await stopped;
  });

  test("a log storage refuses a host that divides the documents otherwise, before it gets an epoch", async () => {
    const { engine, stored, link, modules, stop } = await startRemote();
    const other = new RemoteLogEngine({ link, ...modules }, {}, 3);
    const refusal = { code: "unavailable", details: { reason: "wrong_shard", index: 0, count: 1 } };
    await expect(other.open(game, "host-a")).rejects.toMatchObject(refusal);
    expect(await stored.documents({ limit: 1 })).toEqual([]);
    expect((await engine.open(game, "host-a")).epoch).toBe(1);
    await stop();
  });

  test("what belongs to moving a log is refused to hosts", async () => {
    const { engine, stop } = await startRemote({}, new SystemClock(), "document-host");
    const part = { epoch: 1, afterSeq: 0, replaces: true, patches: [], isDeleted: false };
    await expect(engine.install(game, part)).rejects.toMatchObject({ code: "forbidden" });
    await expect(engine.documents({ limit: 1 })).rejects.toMatchObject({ code: "forbidden" });
    await stop();
  });

  test("a document larger than a message is installed in pieces, and a long state read back in pieces", async () => {
    const { engine, stored, stop } = await startRemote();
    const data = (seq: number): Uint8Array => new Uint8Array(9 * 1024 * 1024).fill(seq);
    const patches = [4, 5, 6].map((seq) => ({ seq, data: data(seq) }));
    const snapshot = { seq: 3, data: data(3) };
    const part = { epoch: 7, afterSeq: 3, replaces: true, snapshot, patches, wakeAt: 99, isDeleted: false };
    await engine.install(game, part);
    expect(await stored.heads([game])).toEqual([{ epoch: 7, seq: 6, isDeleted: false, wakeAt: 99 }]);
    const state = await engine.readAt(game, { seq: 5 });
    expect([state.seq, state.snapshot?.data[9], state.patches.map((patch) => patch.data[9])]).toEqual([5, 3, [4, 5]]);
    await stop();
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
