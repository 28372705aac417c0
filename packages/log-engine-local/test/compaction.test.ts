import { describe, expect, test } from "@jest/globals";
import { type Logger, ManualClock, noLogger, SeededRandom } from "@tidewire/foundation";
import type { FileSystem } from "../src/files/file-system.ts";
import { fsck, type LocalLogEngine } from "../src/index.ts";
import { game, grow, other, patchTexts, step, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall, smallSettings } from "./support/small-engine.ts";

function files(disk: SimulatedDisk, suffix: string): string[] {
  return disk.paths().filter((path) => path.endsWith(suffix));
}

/** Appends and snapshots one document until this many bytes have gone through the log. */
async function churn(engine: LocalLogEngine, key: string, bytes: number): Promise<void> {
  const document = { space: "board-game", key };
  const { epoch, seq: head } = await engine.open(document, "host-a");
  let seq = head;
  for (let written = 0; written < bytes; written += 1_000) {
    await engine.append(document, step(epoch, seq++, { data: Buffer.alloc(1_000, "c") }));
    if (seq % 5 === 0) await engine.snapshot(document, { epoch, seq, data: Buffer.alloc(3_000, `${seq % 10}`) });
  }
}

async function fsckOf(engine: LocalLogEngine, disk: SimulatedDisk): Promise<unknown> {
  await engine.close();
  return (await fsck(DIRECTORY, { fileSystem: disk.mount() })).problems;
}

async function settle(engine: LocalLogEngine, rounds = 12): Promise<void> {
  for (let round = 0; round < rounds; round++) await engine.compact({ withCheckpoint: round < 2 });
}

describe("compaction", () => {
  test("removes what snapshots and deletions have made useless", async () => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    const engine = await openSmall(disk);
    for (const key of ["g1", "g2", "g3"]) await churn(engine, key, 60_000);
    const before = disk.usedBytes;
    expect(files(disk, ".wal").length).toBeGreaterThan(10);
    await settle(engine);
    // Live: three snapshots and a few patches. What may stay: the log since the older of two checkpoints.
    expect(files(disk, ".wal").length).toBeLessThanOrEqual(3);
    expect(files(disk, ".snapshots").length).toBeLessThanOrEqual(3);
    expect(disk.usedBytes).toBeLessThan(before / 4);
    await engine.close();
    const again = await openSmall(disk);
    expect((await again.open({ space: "board-game", key: "g2" }, "host-a")).seq).toBe(60);
  });

  test("gives the room of a file back piece by piece, under a name that nothing reads", async () => {
    const disk = new SimulatedDisk(new SeededRandom(21));
    const mounted = disk.mount();
    const cuts: number[] = [];
    const removed: { readonly path: string; readonly bytes: number }[] = [];
    const fileSystem: FileSystem = {
      ...mounted,
      open: async (path) => {
        const file = await mounted.open(path);
        if (!path.endsWith(".draft")) return file;
        const truncate = async (length: number): Promise<void> => {
          cuts.push(disk.file(path).size - length);
          await file.truncate(length);
        };
        return { ...file, truncate };
      },
      remove: async (path) => {
        removed.push({ path, bytes: disk.file(path).size });
        await mounted.remove(path);
      },
    };
    const engine = await openSmall(disk, { modules: { fileSystem } });
    for (const key of ["g1", "g2", "g3"]) await churn(engine, key, 60_000);
    await settle(engine);
    const segments = removed.filter(({ path }) => path.includes("/snapshots/"));
    expect(segments.length).toBeGreaterThan(5);
    expect(cuts.length).toBeGreaterThan(segments.length);
    expect(Math.max(...cuts)).toBeLessThanOrEqual(smallSettings.removalPieceBytes!);
    expect(Math.max(...removed.map(({ bytes }) => bytes))).toBeLessThanOrEqual(smallSettings.removalPieceBytes!);
    expect(files(disk, ".draft")).toEqual([]);
    expect(await fsckOf(engine, disk)).toEqual([]);
  });

  test("ends, at the next start, the removals that a crash has interrupted", async () => {
    const disk = new SimulatedDisk(new SeededRandom(22));
    const engine = await openSmall(disk);
    await churn(engine, "g1", 60_000);
    await engine.close();
    const mounted = disk.mount();
    const cut = [`${DIRECTORY}/snapshots/000000000002.snapshots.draft`, `${DIRECTORY}/log/000000000001.wal.draft`];
    for (const path of cut) await mounted.create(path);
    const again = await openSmall(disk);
    expect(disk.paths().filter((path) => cut.includes(path))).toEqual([]);
    expect((await again.open({ space: "board-game", key: "g1" }, "host-a")).seq).toBe(60);
  });

  test("keeps space in proportion to what is live, however long it goes on", async () => {
    const disk = new SimulatedDisk(new SeededRandom(2));
    const engine = await openSmall(disk);
    let most = 0;
    for (let round = 0; round < 25; round++) {
      for (const key of ["g1", "g2", "g3", "g4"]) await churn(engine, key, 8_000);
      await engine.compact({ withCheckpoint: true });
      await engine.compact();
      most = Math.max(most, disk.usedBytes);
    }
    // 800 kB of patches and 480 kB of snapshots went through; four documents of about 5 kB are live.
    expect(most).toBeLessThan(250_000);
  });

  test("moves the few records that hold a file, and loses none of them", async () => {
    const disk = new SimulatedDisk(new SeededRandom(3));
    const engine = await openSmall(disk);
    const { epoch } = await grow(engine, game, 2);
    await engine.append(game, step(epoch, 2, { wakeAt: 77 }));
    const straggler = await engine.open(other, "host-a");
    await engine.append(other, step(straggler.epoch, 0));
    await engine.snapshot(other, { epoch: straggler.epoch, seq: 1, data: Buffer.from("cold state") });
    await churn(engine, "busy", 80_000);
    await settle(engine);
    expect(files(disk, "000000000001.wal")).toEqual([]);
    expect(await texts(engine, game)).toEqual(patchTexts(3));
    expect(await texts(engine, other)).toEqual(["cold state"]);

    // Moved records are moved again, and everything stands after a crash.
    await churn(engine, "busy", 80_000);
    await settle(engine);
    disk.cutNow();
    disk.restart("power");
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect(await texts(again, game)).toEqual(patchTexts(3));
    expect(await texts(again, other)).toEqual(["cold state"]);
    expect(await again.due({ before: 100, limit: 5 })).toEqual([{ document: game, wakeAt: 77 }]);
    const repeated = step(epoch, 2, { wakeAt: 77 });
    await again.append(game, repeated);
  });

  describe("the record of a deletion", () => {
    const settings = { deletionMs: 60_000, deletionsMaxBytes: 10_000 };

    async function deletionOf(engine: LocalLogEngine, key: string): Promise<string | undefined> {
      const { deletion } = await engine.read({ space: "board-game", key }, { afterSeq: 0, limit: 1 });
      return deletion === undefined ? undefined : Buffer.from(deletion.data).toString();
    }

    async function remove(engine: LocalLogEngine, key: string, data: string): Promise<void> {
      const document = { space: "board-game", key };
      const { epoch, seq } = await grow(engine, document, 1);
      await engine.append(document, step(epoch, seq, { deletes: true, data: Buffer.from(data) }));
    }

    test("moves out of files that are removed, is there after a crash, and goes when it is old", async () => {
      const disk = new SimulatedDisk(new SeededRandom(11));
      const clock = new ManualClock();
      const engine = await openSmall(disk, { clock, settings });
      await remove(engine, "g1", "outcomes");
      for (let times = 0; times < 2; times++) {
        await churn(engine, "busy", 80_000);
        await settle(engine);
        expect(await deletionOf(engine, "g1")).toBe("outcomes");
      }
      expect(files(disk, "000000000001.wal")).toEqual([]);
      disk.cutNow();
      disk.restart("power");

      const again = await openSmall(disk, { clock, settings });
      expect(again.problems).toEqual([]);
      expect(await deletionOf(again, "g1")).toBe("outcomes");
      await again.compact();
      clock.advance(59_999);
      await again.compact();
      expect(await deletionOf(again, "g1")).toBe("outcomes");
      clock.advance(1);
      await again.compact();
      expect(await deletionOf(again, "g1")).toBeUndefined();
      // No start brings it back, with whatever checkpoint, and none misses the file it stood in.
      await churn(again, "busy", 80_000);
      await settle(again);
      disk.cutNow();
      disk.restart("power");
      const third = await openSmall(disk, { clock, settings });
      expect(third.problems).toEqual([]);
      expect(await third.open(game, "host-b")).toMatchObject({ seq: 2, isDeleted: true, patches: [] });
      expect(await deletionOf(third, "g1")).toBeUndefined();
      expect(await fsckOf(third, disk)).toEqual([]);
    });

    test("of a document that was made and deleted again counts from then", async () => {
      const disk = new SimulatedDisk(new SeededRandom(12));
      const clock = new ManualClock();
      const engine = await openSmall(disk, { clock, settings });
      await remove(engine, "g1", "first");
      await engine.compact();
      clock.advance(40_000);
      await remove(engine, "g1", "second");
      await engine.compact();
      clock.advance(40_000);
      await engine.compact();
      expect(await deletionOf(engine, "g1")).toBe("second");
      clock.advance(20_000);
      await engine.compact();
      expect(await deletionOf(engine, "g1")).toBeUndefined();
      await engine.close();
    });

    test("goes earlier where there are too many bytes of them, the oldest first", async () => {
      const disk = new SimulatedDisk(new SeededRandom(13));
      const engine = await openSmall(disk, { settings });
      for (let each = 0; each < 5; each++) await remove(engine, `d${each}`, `${each}`.repeat(4_000));
      await engine.compact();
      const kept = await Promise.all([0, 1, 2, 3, 4].map(async (each) => (await deletionOf(engine, `d${each}`))?.[0]));
      expect(kept).toEqual([undefined, undefined, undefined, "3", "4"]);
      await engine.close();
    });
  });

  test("a deleted document stays deleted when nothing of it is left in the log", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const engine = await openSmall(disk);
    const { epoch } = await grow(engine, game, 5);
    const deletion = step(epoch, 5, { deletes: true });
    await engine.append(game, deletion);
    await churn(engine, "busy", 80_000);
    await settle(engine);
    await engine.close();
    const again = await openSmall(disk);
    // Its answer may have been lost long ago.
    await again.append(game, deletion);
    expect(await again.open(game, "host-b")).toMatchObject({ epoch: epoch + 1, seq: 6, isDeleted: true, patches: [] });
  });

  test("does not delay appends, however slowly it may write itself", async () => {
    const disk = new SimulatedDisk(new SeededRandom(5));
    const clock = new ManualClock();
    const settings = { paceFloorBytes: 1, paceCapBytes: 1 };
    const engine = await openSmall(disk, { clock, settings });
    const { epoch } = await grow(engine, game, 1);
    let isStored = false;
    const snapshots = Array.from({ length: 200 }, (_, index) =>
      engine
        .open({ space: "board-game", key: `s${index}` }, "host-a")
        .then(({ epoch: own }) =>
          engine.append({ space: "board-game", key: `s${index}` }, step(own, 0)).then(() => own),
        )
        .then((own) =>
          engine.snapshot(
            { space: "board-game", key: `s${index}` },
            { epoch: own, seq: 1, data: Buffer.alloc(32_000) },
          ),
        ),
    );
    const all = Promise.all(snapshots).then(() => {
      isStored = true;
    });
    for (let seq = 1; seq < 100; seq++) await engine.append(game, step(epoch, seq));
    expect(isStored).toBe(false);
    expect(await texts(engine, game)).toHaveLength(100);
    const closing = engine.close();
    await all;
    await closing;
  });

  test("a reader that is under way keeps its files", async () => {
    const disk = new SimulatedDisk(new SeededRandom(6));
    const engine = await openSmall(disk);
    const { epoch } = await grow(engine, game, 3);
    const release = disk.stallNext("read");
    const reading = texts(engine, game);
    await churn(engine, "busy", 60_000);
    await engine.snapshot(game, { epoch, seq: 3, data: Buffer.from("state 3") });
    await settle(engine);
    release();
    expect(await reading).toEqual(patchTexts(3));
    await settle(engine);
    expect(files(disk, "000000000001.wal")).toEqual([]);
    expect(await texts(engine, game)).toEqual(["state 3"]);
  });
});

describe("a start", () => {
  test("reads only what is newer than the checkpoint", async () => {
    const disk = new SimulatedDisk(new SeededRandom(7));
    const first = await openSmall(disk);
    await churn(first, "busy", 50_000);
    await first.compact({ withCheckpoint: true });
    const { epoch, seq } = await first.open(game, "host-a");
    await first.append(game, step(epoch, seq));
    disk.cutNow();
    disk.restart("power");
    const reports: object[] = [];
    const logger: Logger = { ...noLogger, info: (fields) => void reports.push(fields) };
    const again = await openSmall(disk, { modules: { logger } });
    // Prior, name, epoch and patch of the one document, at most one more prior.
    const [report] = reports as { documents: number; replayedRecords: number }[];
    expect(report).toMatchObject({ documents: 2 });
    expect(report!.replayedRecords).toBeLessThanOrEqual(5);
    expect(await texts(again, game)).toEqual(patchTexts(1));
    await again.close();
  });

  test("after an orderly end with enough written replays nothing at all", async () => {
    const disk = new SimulatedDisk(new SeededRandom(8));
    const settings = { segmentBytes: 4 * 1024 * 1024, batchMaxBytes: 64 * 1024 };
    const first = await openSmall(disk, { settings });
    const { epoch } = await first.open(game, "host-a");
    const data = Buffer.alloc(8_000);
    for (let base = 0; base < 150; base += 30) {
      await Promise.all(Array.from({ length: 30 }, (_, at) => first.append(game, step(epoch, base + at, { data }))));
    }
    await first.close();
    expect(files(disk, ".checkpoint")).toHaveLength(1);
    const reports: object[] = [];
    const logger: Logger = { ...noLogger, info: (fields) => void reports.push(fields) };
    const again = await openSmall(disk, { settings, modules: { logger } });
    expect(reports[0]).toMatchObject({ replayedRecords: 0 });
    expect((await again.open(game, "host-a")).seq).toBe(150);
  });
});
