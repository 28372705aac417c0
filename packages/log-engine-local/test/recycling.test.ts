import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { SEGMENT_HEADER_BYTES } from "../src/format/segment-header.ts";
import { type DumpedRecord, dump, fsck, type LocalLogEngine } from "../src/index.ts";
import { game, grow, other, patchTexts, step, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall, smallSettings } from "./support/small-engine.ts";

const segmentBytes = smallSettings.segmentBytes!;

function files(disk: SimulatedDisk, suffix: string): string[] {
  const found = disk.paths().filter((path) => path.endsWith(suffix));
  return found.sort();
}

/** Fills log segments that are dead at once: each patch is replaced by a snapshot. */
async function fill(engine: LocalLogEngine, segments: number): Promise<void> {
  const { epoch, seq: head } = await engine.open(other, "host-a");
  const count = Math.ceil((segments * (segmentBytes - SEGMENT_HEADER_BYTES)) / 1_040);
  const data = Buffer.alloc(1_000, "f");
  for (let seq = head; seq < head + count; seq++) await engine.append(other, step(epoch, seq, { data }));
  await engine.snapshot(other, { epoch, seq: head + count, data: Buffer.from("state") });
}

async function settle(engine: LocalLogEngine): Promise<void> {
  for (let round = 0; round < 6; round++) await engine.compact({ withCheckpoint: round < 2 });
}

async function withSpares(
  more: Parameters<typeof openSmall>[1] = {},
): Promise<{ disk: SimulatedDisk; engine: LocalLogEngine }> {
  const disk = new SimulatedDisk(new SeededRandom(6));
  const engine = await openSmall(disk, more);
  await fill(engine, 6);
  await settle(engine);
  return { disk, engine };
}

async function dumped(disk: SimulatedDisk): Promise<DumpedRecord[]> {
  const records: DumpedRecord[] = [];
  for await (const record of dump(DIRECTORY, {}, { fileSystem: disk.mount() })) records.push(record);
  return records;
}

describe("a log segment that is dead", () => {
  test("is kept, within bounds, and the next ones are written over it", async () => {
    const { disk, engine } = await withSpares();
    expect(files(disk, ".spare")).toHaveLength(4);
    // The next one was made when there were no spares yet.
    await fill(engine, 1);
    const before = disk.usedBytes;
    await fill(engine, 2);
    expect(disk.recycledSegments).toBeGreaterThanOrEqual(3);
    expect(files(disk, ".spare").length).toBeLessThanOrEqual(1);
    // In place: nothing but a snapshot has come.
    expect(disk.usedBytes).toBeLessThan(before + segmentBytes);
    await grow(engine, game, 5);
    await engine.close();
    expect((await fsck(DIRECTORY, { fileSystem: disk.mount() })).problems).toEqual([]);
    const again = await openSmall(disk);
    expect(await texts(again, game)).toEqual(patchTexts(5));
    await again.close();
  });

  test("is no spare over a bound of number or bytes, nor when it is too short to be worth its place", async () => {
    const none = await withSpares({ settings: { spareSegmentsMax: 0 } });
    expect(files(none.disk, ".spare")).toEqual([]);
    await none.engine.close();
    const two = await withSpares({ settings: { spareMaxBytes: 2.5 * segmentBytes } });
    expect(files(two.disk, ".spare")).toHaveLength(2);
    await two.engine.close();
    const { disk, engine } = await withSpares();
    await engine.close();
    const fewer = await openSmall(disk, { settings: { spareSegmentsMax: 1 } });
    expect(files(disk, ".spare").length).toBeLessThanOrEqual(1);
    await fewer.close();
    const larger = await openSmall(disk, { settings: { segmentBytes: 4 * segmentBytes } });
    expect(files(disk, ".spare")).toEqual([]);
    await larger.close();
  });

  test("is not touched while it is retained for a backup or read", async () => {
    const { disk, engine } = await withSpares();
    engine.files.retain();
    const { files: retained } = await engine.files.image();
    const contents = retained.map(({ path, sizeBytes }) => disk.file(path).contents().subarray(0, sizeBytes));
    await fill(engine, 8);
    await settle(engine);
    for (const [index, { path, sizeBytes }] of retained.entries()) {
      expect(disk.file(path).contents().subarray(0, sizeBytes).equals(contents[index]!)).toBe(true);
    }
    await engine.close();
  });

  test("leaves its id to nobody, also when no other file has a higher one", async () => {
    const { disk, engine } = await withSpares();
    await engine.close();
    const highest = Math.max(...files(disk, ".spare").map((path) => Number(/(\d+)\.spare$/.exec(path)![1])));
    const again = await openSmall(disk);
    await grow(again, game, 1);
    const { files: listed } = await again.files.image();
    expect(listed.filter(({ kind }) => kind === "log").at(-1)!.id).toBeGreaterThan(highest);
    await again.close();
  });
});

describe("the reserve", () => {
  test("is made of zeros when the first segment is full, and then there is always one that no segment gets", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const engine = await openSmall(disk);
    await grow(engine, game, 1);
    await engine.compact();
    expect(files(disk, ".spare")).toEqual([]);
    await fill(engine, 1);
    await engine.compact();
    const [reserve, ...more] = files(disk, ".spare");
    expect(more).toEqual([]);
    expect(disk.file(reserve!).contents().equals(Buffer.alloc(segmentBytes))).toBe(true);
    expect(disk.file(reserve!).unsynced).toBe(0);
    for (let round = 0; round < 3; round++) {
      await fill(engine, 2);
      await engine.compact();
      expect(files(disk, ".spare").length).toBeGreaterThan(0);
    }
    await engine.close();
    expect(files(disk, ".spare").length).toBeGreaterThan(0);
    const again = await openSmall(disk);
    await fill(again, 3);
    expect(files(disk, ".spare").length).toBeGreaterThan(0);
    await again.close();
  });

  test("is left when there is no room for it, and tried again only when something has gone", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const engine = await openSmall(disk);
    await fill(engine, 2);
    disk.capacityBytes = disk.usedBytes + 4_096;
    await engine.compact();
    expect(files(disk, ".spare")).toEqual([]);
    const tried = disk.roomlessWrites;
    expect(tried).toBeGreaterThan(0);
    for (let round = 0; round < 3; round++) await engine.compact();
    expect(disk.roomlessWrites).toBe(tried);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await settle(engine);
    expect(files(disk, ".spare").length).toBeGreaterThan(0);
    await engine.close();
  });
});

describe("what a recycled segment held before", () => {
  /** The power goes while the last segment is a recycled one, with much behind its end. */
  async function cutInRecycled(): Promise<{ disk: SimulatedDisk; last: string; end: number }> {
    const { disk, engine } = await withSpares();
    const logs = async () => (await engine.files.image()).files.filter(({ kind }) => kind === "log");
    const known = (await logs()).length;
    // Until one has been begun just now.
    while ((await logs()).length < known + 2) await fill(engine, 0.1);
    await grow(engine, game, 3);
    const { path, sizeBytes } = (await logs()).at(-1)!;
    disk.cutNow();
    disk.restart("power");
    expect(disk.file(path).size).toBeGreaterThan(sizeBytes + 2_000);
    return { disk, last: path, end: sizeBytes };
  }

  test("is no torn write, is in no dump, and is cut off at the next start without a copy", async () => {
    const { disk, last, end } = await cutInRecycled();
    const report = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(report.tornTail).toBeUndefined();
    expect(report.problems).toEqual([]);
    const records = await dumped(disk);
    expect(records.filter(({ type }) => type === "torn" || type === "damage")).toEqual([]);
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect(await texts(again, game)).toEqual(patchTexts(3));
    expect(disk.file(last).size).toBe(end);
    expect(files(disk, ".tail")).toEqual([]);
    await again.close();
  });

  test("does not hide a torn write: what is of it is copied, and no more", async () => {
    const { disk, last, end } = await cutInRecycled();
    const whole = disk.file(last).contents();
    const own = whole.subarray(end - 48, end);
    // The last record, of seven letters, reached the disk but for a bit of its payload.
    disk.file(last).corrupt((contents) => {
      contents[end - 8]! ^= 1;
      return contents;
    });
    const report = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(report.tornTail).toMatchObject({ offset: end - 48, fileBytes: end });
    expect((await dumped(disk)).filter(({ type }) => type === "torn")).toHaveLength(1);
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect(await texts(again, game)).toEqual(patchTexts(2));
    const [copy] = files(disk, ".tail");
    expect(disk.file(copy!).size).toBe(48);
    expect(disk.file(copy!).contents().subarray(0, 40).equals(own.subarray(0, 40))).toBe(true);
    await again.close();
  });

  test("does not make damage to what was acknowledged look like a torn write", async () => {
    const { disk, last, end } = await cutInRecycled();
    disk.file(last).corrupt((contents) => {
      contents[end - 2 * 48 - 8]! ^= 1;
      return contents;
    });
    const again = await openSmall(disk);
    expect(again.problems).toMatchObject([{ kind: "damaged_record", document: game }]);
    await again.close();
  });

  test("does not go to repairs with a segment that was made ready and never used: that is a spare again", async () => {
    const { disk, engine } = await withSpares();
    await fill(engine, 1.2);
    const before = files(disk, ".spare").length;
    disk.cutNow();
    disk.restart("power");
    const again = await openSmall(disk);
    // One of them is the next segment already, as the one that was given back was.
    expect(files(disk, ".spare").length).toBeGreaterThanOrEqual(before);
    expect(files(disk, ".tail")).toEqual([]);
    await again.close();
    expect(files(disk, ".spare").length).toBeGreaterThan(before);
  });

  test("is gone when the segment is sealed: every file but the one that is written to is as long as it counts", async () => {
    const { disk, engine } = await withSpares();
    await fill(engine, 3.5);
    const { files: listed } = await engine.files.image();
    for (const { path, sizeBytes, isSealed } of listed) if (isSealed) expect(disk.file(path).size).toBe(sizeBytes);
    await engine.close();
    for (const { path, isSealed } of listed) {
      if (!isSealed) expect(disk.file(path).size).toBeLessThan(SEGMENT_HEADER_BYTES + segmentBytes);
    }
  });
});

describe("a segment to which a write has failed", () => {
  test("is never written over: a thread that was given up may still be at work on it", async () => {
    const clock = new ManualClock();
    const { disk, engine } = await withSpares({ clock });
    const { epoch } = await engine.open(game, "host-a");
    const last = async () => (await engine.files.image()).files.filter(({ kind }) => kind === "log").at(-1)!;
    // Long enough to be worth its place.
    while ((await last()).sizeBytes < (segmentBytes * 2) / 3) await fill(engine, 0.1);
    const failing = await last();
    disk.failNext("sync", "EIO", /\.wal$/);
    await expect(engine.append(game, step(epoch, 0))).rejects.toMatchObject({ code: "unavailable" });
    while (engine.status.failure !== undefined) await clock.advanceAsync(1_000);
    await fill(engine, 1);
    await settle(engine);
    await settle(engine);
    expect((await engine.files.image()).files.map(({ id }) => id)).not.toContain(failing.id);
    expect(files(disk, ".spare").length).toBeGreaterThan(0);
    expect(disk.paths()).not.toContain(failing.path.replace(".wal", ".spare"));
    await engine.close();
  });
});

describe("a spare that cannot be used", () => {
  test.each(["open of its name", "write", "sync", "rename"] as const)(
    "because of its %s: a new file takes its place",
    async (what) => {
      const clock = new ManualClock();
      const { disk, engine } = await withSpares({ clock });
      const recycled = disk.recycledSegments;
      if (what === "open of its name") for (const path of files(disk, ".spare")) await disk.mount().remove(path);
      else for (let time = 0; time < 4; time++) disk.failNext(what, "EIO", /\.spare$/);
      await fill(engine, 7);
      expect(engine.status.failure).toBeUndefined();
      // One was made ready before.
      expect(disk.recycledSegments).toBeLessThanOrEqual(recycled + 1);
      await engine.close();
      const again = await openSmall(disk);
      expect(again.problems).toEqual([]);
      await again.close();
    },
  );
});
