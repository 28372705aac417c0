import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import type { LocalLogEngine } from "../src/index.ts";
import { game, grow, other, patchTexts, step, texts } from "./support/append-steps.ts";
import { type DiskOperation, SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall } from "./support/small-engine.ts";

async function start(): Promise<{ disk: SimulatedDisk; clock: ManualClock; engine: LocalLogEngine }> {
  const disk = new SimulatedDisk(new SeededRandom(3));
  const clock = new ManualClock();
  return { disk, clock, engine: await openSmall(disk, { clock }) };
}

/** Lets the retry that is due now run to its end. */
async function retry(clock: ManualClock, engine: LocalLogEngine): Promise<void> {
  clock.advance(1_000);
  for (let turn = 0; turn < 100 && engine.status.failure !== undefined; turn++) await turns(1);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** When the power goes it loses every change of a directory that was not synced. */
class ForgetfulRandom extends SeededRandom {
  override next(): number {
    return 0.9;
  }
}

test("a segment that was gone at a start never comes back beside the one that has its id now", async () => {
  const disk = new SimulatedDisk(new ForgetfulRandom(3));
  const first = await openSmall(disk);
  await grow(first, game, 3);
  await first.close();
  // As one that compaction removes just before the process dies: nobody syncs the directory any more.
  const ids = disk.paths().map((path) => Number(/(\d{12})\.wal$/.exec(path)?.[1] ?? 0));
  const path = `/data/log/snapshots/${String(Math.max(...ids) + 1).padStart(12, "0")}.snapshots`;
  const fileSystem = disk.mount();
  const dead = await fileSystem.create(path);
  await dead.write(Buffer.alloc(8_192, "dead"), 0, 8_192, 0);
  await dead.sync();
  await fileSystem.syncDirectory("/data/log/snapshots");
  await fileSystem.remove(path);
  disk.restart("process");

  const second = await openSmall(disk);
  const { epoch } = await second.open(game, "host-b");
  await second.append(game, step(epoch, 3));
  expect(disk.paths()).toContain(path.replace("snapshots", "log").replace("snapshots", "wal"));
  disk.restart("power");
  const third = await openSmall(disk);
  expect(disk.paths()).not.toContain(path);
  expect(await texts(third, game)).toEqual(patchTexts(4));
  await third.close();
});

describe("a sync that fails under the reference of a snapshot", () => {
  test("leaves the snapshot where a start may still look for it, until the log has gone on", async () => {
    const { disk, clock, engine } = await start();
    // More than one write takes: the last of them is in a segment of its own, and that of the others is closed by then.
    const documents = Array.from({ length: 9 }, (_, index) => ({ space: "board-game", key: `d${index}` }));
    const data = Buffer.alloc(32_000, "s");
    const refused: Promise<void>[] = [];
    const epochs: number[] = [];
    for (const document of documents) epochs.push((await grow(engine, document, 3)).epoch);
    disk.failNext("sync", "EIO", /\.wal$/);
    for (const [index, document] of documents.entries()) {
      refused.push(engine.snapshot(document, { epoch: epochs[index]!, seq: 3, data }));
    }
    for (const each of await Promise.allSettled(refused)) expect(each).toMatchObject({ status: "rejected" });
    expect(engine.status.failure).toBe("io_error");
    expect(disk.paths().filter((path) => path.endsWith(".snapshots"))).toHaveLength(2);
    await engine.compact();

    // The process dies, and the next one finds what was written and not synced.
    disk.cutNow();
    disk.restart("process");
    const again = await openSmall(disk, { clock });
    for (const document of documents) expect((await again.open(document, "host-b")).seq).toBe(3);
    expect((await again.open(documents[0]!, "host-b")).snapshot?.data).toHaveLength(32_000);
  });

  test("gives its room back when the log has gone on", async () => {
    const { disk, clock, engine } = await start();
    const { epoch } = await grow(engine, game, 3);
    disk.failNext("sync", "EIO", /\.wal$/);
    const data = Buffer.alloc(17_000, "s");
    await expect(engine.snapshot(game, { epoch, seq: 3, data })).rejects.toMatchObject({ code: "unavailable" });
    await retry(clock, engine);
    await engine.append(game, step(epoch, 3));
    await engine.snapshot(game, { epoch, seq: 4, data });
    await engine.compact();
    expect(disk.paths().filter((path) => path.endsWith(".snapshots"))).toHaveLength(1);
    expect((await engine.open(game, "host-b")).snapshot?.seq).toBe(4);
  });
});

describe("a full disk", () => {
  test("refuses writes with the reason, serves reads, and takes writes again without a restart", async () => {
    const { disk, clock, engine } = await start();
    const { epoch } = await grow(engine, game, 3);
    disk.capacityBytes = disk.usedBytes + 20;
    const append = step(epoch, 3, { data: Buffer.alloc(300, "x") });
    await expect(engine.append(game, append)).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      details: { reason: "disk_full" },
    });
    expect(engine.status.failure).toBe("disk_full");
    await expect(engine.append(game, append)).rejects.toMatchObject({ details: { reason: "disk_full" } });
    await expect(engine.open(other, "host-a")).rejects.toMatchObject({ details: { reason: "disk_full" } });
    expect(await texts(engine, game)).toEqual(patchTexts(3));
    expect(await engine.list("board-game", { limit: 5 })).toEqual([{ key: "g1", seq: 3 }]);

    // Still full: still refused.
    await retry(clock, engine);
    expect(engine.status.failure).toBe("disk_full");

    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await retry(clock, engine);
    expect(engine.status.failure).toBeUndefined();
    await engine.append(game, append);
    await grow(engine, other, 2);

    disk.cutNow();
    disk.restart("power");
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect((await texts(again, game)).slice(0, 3)).toEqual(patchTexts(3));
    expect((await again.open(game, "host-a")).seq).toBe(4);
    expect(await texts(again, other)).toEqual(patchTexts(2));
  });

  test("that the log itself has filled with what is dead by now needs no operator", async () => {
    const { disk, clock, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    const data = Buffer.alloc(2_000, "x");
    let seq = 1;
    // Nothing of it can go before two checkpoints are written, and none is due.
    const fill = async (records: number): Promise<void> => {
      for (let record = 0; record < records; record++) await engine.append(game, step(epoch, seq++, { data }));
      await engine.snapshot(game, { epoch, seq, data: Buffer.from(`state ${seq}`) });
    };
    await fill(6);
    await engine.compact();
    const reserve = disk.paths().filter((path) => path.endsWith(".spare"));
    expect(reserve.map((path) => disk.file(path).size)).toEqual([12 * 1024]);
    await fill(20);
    // Not a byte is left, for a checkpoint neither.
    disk.capacityBytes = disk.usedBytes;
    await expect(engine.append(game, step(epoch, seq, { data }))).rejects.toMatchObject({
      details: { reason: "disk_full" },
    });
    expect(disk.paths()).toEqual(expect.arrayContaining(reserve));
    await retry(clock, engine);
    expect(engine.status.failure).toBeUndefined();
    expect(await texts(engine, game)).toEqual([`state ${seq}`]);
    await fill(4);
    // And it is there for the next time.
    expect(disk.paths().filter((path) => path.endsWith(".spare"))).not.toEqual([]);
    disk.cutNow();
    disk.restart("power");
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect(await texts(again, game)).toEqual([`state ${seq}`]);
  });

  test("is no reason not to start", async () => {
    const { disk, clock, engine } = await start();
    const { epoch } = await grow(engine, game, 3);
    await engine.close();
    disk.capacityBytes = disk.usedBytes;
    const full = await openSmall(disk, { clock });
    expect(full.status.failure).toBe("disk_full");
    expect(await texts(full, game)).toEqual(patchTexts(3));
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await retry(clock, full);
    await full.append(game, step(epoch, 3));
    await full.close();
  });

  test("that has no room for a snapshot refuses that snapshot only", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 3);
    disk.failNext("write", "ENOSPC", /snapshots/);
    const snapshot = { epoch, seq: 3, data: Buffer.from("state 3") };
    await expect(engine.snapshot(game, snapshot)).rejects.toMatchObject({ details: { reason: "disk_full" } });
    await engine.append(game, step(epoch, 3));
    await engine.snapshot(game, snapshot);
    expect(await texts(engine, game)).toEqual(["state 3", "patch 4"]);
  });
});

describe("a disk that fails", () => {
  const failures: [DiskOperation, string, string][] = [
    ["write", "EIO", "io_error"],
    ["sync", "EIO", "io_error"],
    ["write", "EROFS", "read_only"],
    ["sync", "ENOSPC", "disk_full"],
  ];
  test.each(failures)(
    "in %s with %s acknowledges nothing of that batch, and goes on behind what was durable",
    async (operation, code, reason) => {
      const { disk, clock, engine } = await start();
      const { epoch } = await grow(engine, game, 2);
      disk.failNext(operation, code, /\.wal$/);
      const batch = [step(epoch, 2), step(epoch, 3)].map((append) => engine.append(game, append));
      const outcomes = await Promise.allSettled(batch);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { code: "unavailable", details: { reason } } });
      }
      await retry(clock, engine);
      // A failed sync is never tried again: the pages may be gone. The log has a new segment instead.
      const other = step(epoch, 2, { data: Buffer.from("another patch 3") });
      await engine.append(game, other);
      disk.cutNow();
      disk.restart("power");
      const again = await openSmall(disk);
      expect(await texts(again, game)).toEqual([...patchTexts(2), "another patch 3"]);
      expect(again.problems).toEqual([]);
    },
  );

  test("in a sync, of which the process then dies: what the next one finds in the cache is made durable before it counts", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 2);
    // The kernel reports this once, keeps the pages in its cache, and takes them for clean.
    disk.failNext("sync", "EIO", /\.wal$/);
    await expect(engine.append(game, step(epoch, 2))).rejects.toMatchObject({ code: "unavailable" });
    disk.cutNow();
    disk.restart("process");
    const second = await openSmall(disk);
    const found = await texts(second, game);
    disk.cutNow();
    disk.restart("power");
    const third = await openSmall(disk);
    expect(third.problems).toEqual([]);
    expect(await texts(third, game)).toEqual(found);
  });

  test("while the next segment is made fails no append", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    disk.failNext("create", "EIO", /\.wal$/);
    const data = Buffer.alloc(2_000, "y");
    for (let seq = 1; seq < 30; seq++) await engine.append(game, step(epoch, seq, { data }));
    expect(engine.status.failure).toBeUndefined();
    expect(disk.paths().filter((path) => path.endsWith(".wal")).length).toBeGreaterThan(3);
  });

  test("is not blamed on the caller whose write conflicts with one that fails", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    const release = disk.stallNext("sync");
    const first = engine.append(game, step(epoch, 1));
    const conflicting = engine.append(game, step(epoch, 1, { data: Buffer.from("conflict") }));
    let isAnswered = false;
    const answered = conflicting
      .catch(() => {})
      .then(() => {
        isAnswered = true;
      });
    await turns(20);
    // Its refusal would be based on what is not durable yet.
    expect(isAnswered).toBe(false);
    disk.failNext("sync", "EIO");
    release();
    await expect(first).rejects.toMatchObject({ code: "unavailable" });
    await expect(conflicting).rejects.toMatchObject({ code: "unavailable" });
    await answered;
  });
});

describe("a slow disk", () => {
  test("makes writes wait, and beyond a time refuses them before anything has happened", async () => {
    const { disk, clock, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    const release = disk.stallNext("sync");
    const inFlight = engine.append(game, step(epoch, 1));
    await turns(20);
    const queued = engine.append(game, step(epoch, 2));
    clock.advance(251);
    await expect(engine.append(game, step(epoch, 3))).rejects.toMatchObject({ code: "overloaded", retryable: true });
    release();
    await Promise.all([inFlight, queued]);
    await engine.append(game, step(epoch, 3));
    expect(await texts(engine, game)).toEqual(patchTexts(4));
  });

  test("may have a queue that fills several segments", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    const release = disk.stallNext("sync");
    const data = (seq: number): Buffer => Buffer.alloc(5_000, `${seq} `);
    const sent = Array.from({ length: 12 }, (_, index) =>
      engine.append(game, step(epoch, 1 + index, { data: data(2 + index) })),
    );
    release();
    await Promise.all(sent);
    disk.cutNow();
    disk.restart("power");
    const again = await openSmall(disk);
    const expected = Array.from({ length: 12 }, (_, index) => data(2 + index).toString());
    expect((await texts(again, game)).slice(1)).toEqual(expected);
  });

  test("lets only so many bytes wait", async () => {
    const { disk, engine } = await start();
    const { epoch } = await grow(engine, game, 1);
    const release = disk.stallNext("sync");
    const data = Buffer.alloc(8_000);
    const sent = Array.from({ length: 160 }, (_, index) => engine.append(game, step(epoch, 1 + index, { data })));
    const outcomes = Promise.allSettled(sent);
    release();
    const refused = (await outcomes).filter((outcome) => outcome.status === "rejected");
    const committed = 160 - refused.length;
    expect(refused.length).toBeGreaterThan(0);
    expect(committed * 8_040).toBeLessThanOrEqual(1024 * 1024);
    expect((await engine.open(game, "host-a")).seq).toBe(1 + committed);
  });
});

describe("an answer", () => {
  test("is given only when everything it is about is synced", async () => {
    const { disk, engine } = await start();
    const { epoch } = await engine.open(game, "host-a");
    for (let seq = 0; seq < 40; seq++) {
      await engine.append(game, step(epoch, seq, { data: Buffer.alloc(700) }));
      for (const path of disk.paths()) if (path.endsWith(".wal")) expect(disk.file(path).unsynced).toBe(0);
    }
    await engine.snapshot(game, { epoch, seq: 40, data: Buffer.alloc(5_000) });
    for (const path of disk.paths()) if (path.endsWith(".snapshots")) expect(disk.file(path).unsynced).toBe(0);
  });
});
