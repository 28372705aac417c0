import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import type { LogReadAt } from "@tidewire/log-engine";
import type { LocalLogEngine } from "../src/index.ts";
import { game, grow, patchTexts, step } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall } from "./support/small-engine.ts";

const HOUR_MS = 3_600_000;
const settings = { historyMs: HOUR_MS, historyMaxBytes: 10_000_000 };
const gone = { code: "not_found", details: { reason: "history" } };

function textsOf({ snapshot, patches }: LogReadAt): string[] {
  return [...(snapshot === undefined ? [] : [snapshot]), ...patches].map(({ data }) => Buffer.from(data).toString());
}

/** Patches of one document, with a snapshot `state n` at every tenth seq. */
async function write(engine: LocalLogEngine, count: number): Promise<void> {
  const { epoch, seq: head } = await engine.open(game, "host-a");
  for (let seq = head; seq < head + count; seq++) {
    await engine.append(game, step(epoch, seq));
    const at = seq + 1;
    if (at % 10 === 0) await engine.snapshot(game, { epoch, seq: at, data: Buffer.from(`state ${at}`) });
  }
}

/** Fills segments with another document, whose every snapshot kills what was before. */
async function churn(engine: LocalLogEngine, rounds = 30): Promise<void> {
  const busy = { space: "board-game", key: "busy" };
  const { epoch, seq: head } = await engine.open(busy, "host-a");
  for (let seq = head; seq < head + rounds; seq++) {
    await engine.append(busy, step(epoch, seq, { data: Buffer.alloc(2_000, "c") }));
    await engine.snapshot(busy, { epoch, seq: seq + 1, data: Buffer.alloc(2_000, "s") });
  }
  for (let round = 0; round < 6; round++) await engine.compact({ withCheckpoint: round < 2 });
}

async function expectState(engine: LocalLogEngine, seq: number): Promise<void> {
  const base = Math.floor(seq / 10) * 10;
  const state = base === 0 ? [] : [`state ${base}`];
  expect(textsOf(await engine.readAt(game, { seq }))).toEqual([...state, ...patchTexts(seq - base, base + 1)]);
}

describe("history", () => {
  test("has every state of the time kept, across compaction, checkpoints and restarts", async () => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    let engine = await openSmall(disk, { settings });
    await write(engine, 45);
    await churn(engine);
    for (let seq = 0; seq <= 45; seq++) await expectState(engine, seq);
    await engine.close();
    engine = await openSmall(disk, { settings });
    await churn(engine);
    for (let seq = 0; seq <= 45; seq++) await expectState(engine, seq);
    disk.cutNow();
    disk.restart("power");
    engine = await openSmall(disk, { settings });
    for (let seq = 0; seq <= 45; seq++) await expectState(engine, seq);
    await engine.close();
  });

  test("is let go of when its time is over, and the newest state is not", async () => {
    const disk = new SimulatedDisk(new SeededRandom(2));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { settings, clock });
    await write(engine, 45);
    clock.advance(HOUR_MS / 2);
    await churn(engine);
    await expectState(engine, 7);
    clock.advance(HOUR_MS);
    await churn(engine);
    await expect(engine.readAt(game, { seq: 7 })).rejects.toMatchObject(gone);
    for (let seq = 40; seq <= 45; seq++) await expectState(engine, seq);
    await engine.close();
  });

  test("stays within its bytes, and the oldest goes first", async () => {
    const disk = new SimulatedDisk(new SeededRandom(3));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { settings: { ...settings, historyMaxBytes: 100_000 }, clock });
    await write(engine, 45);
    clock.advance(1_000);
    let most = 0;
    for (let round = 0; round < 8; round++) {
      await churn(engine, 15);
      clock.advance(1_000);
      most = Math.max(most, disk.usedBytes);
    }
    await expect(engine.readAt(game, { seq: 7 })).rejects.toMatchObject(gone);
    await expectState(engine, 45);
    const busy = { space: "board-game", key: "busy" };
    expect((await engine.readAt(busy, { seq: 110 })).seq).toBe(110);
    // The bytes of history, and what is there without any.
    expect(most).toBeLessThan(100_000 + 160_000);
    await engine.close();
  });

  test("makes room on a full disk", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { settings, clock });
    await write(engine, 25);
    await churn(engine);
    disk.capacityBytes = disk.usedBytes + 100;
    const { epoch, seq } = { epoch: 1, seq: 25 };
    await expect(engine.append(game, step(epoch, seq, { data: Buffer.alloc(3_000) }))).rejects.toMatchObject({
      details: { reason: "disk_full" },
    });
    await engine.compact();
    for (let turn = 0; turn < 50 && engine.status.failure !== undefined; turn++) await clock.advanceAsync(1_000);
    expect(engine.status.failure).toBeUndefined();
    await grow(engine, { space: "board-game", key: "after" }, 2);
    await engine.close();
  });

  test("can be asked by time, as finely as the log notes it", async () => {
    const disk = new SimulatedDisk(new SeededRandom(5));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { settings, clock });
    const { epoch } = await engine.open(game, "host-a");
    clock.advance(5_000);
    const times: number[] = [];
    for (let seq = 0; seq < 8; seq++) {
      times.push(clock.wallMs());
      await engine.append(game, step(epoch, seq));
      if (seq === 3) await engine.snapshot(game, { epoch, seq: 4, data: Buffer.from("state 4") });
      clock.advance(2_000);
    }
    for (const [seq, time] of times.entries()) {
      expect((await engine.readAt(game, { beforeMs: time })).seq).toBe(seq);
      expect((await engine.readAt(game, { beforeMs: time + 1_500 })).seq).toBe(seq + 1);
    }
    expect(textsOf(await engine.readAt(game, { beforeMs: times[6]! }))).toEqual(["state 4", "patch 5", "patch 6"]);
    expect(await engine.readAt(game, { beforeMs: 1 })).toMatchObject({ seq: 0, isDeleted: false });
    expect((await engine.readAt(game, { beforeMs: Number.MAX_SAFE_INTEGER })).seq).toBe(8);

    await engine.append(game, step(epoch, 8, { deletes: true }));
    expect(await engine.readAt(game, { beforeMs: clock.wallMs() + 5_000 })).toMatchObject({ seq: 9, isDeleted: true });
    expect((await engine.readAt(game, { beforeMs: times[7]! })).seq).toBe(7);
    await engine.close();
  });

  test("never shows what a failed write left behind", async () => {
    const disk = new SimulatedDisk(new SeededRandom(6));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { settings, clock });
    const { epoch } = await grow(engine, game, 3);
    // Written whole, never synced, and the disk does not even let it be cut away.
    disk.failNext("sync", "EIO", /\.wal$/);
    disk.failNext("truncate", "EIO", /\.wal$/);
    const lost = step(epoch, 3, { seq: 5, data: Buffer.from("never acknowledged") });
    await expect(engine.append(game, lost)).rejects.toMatchObject({ code: "unavailable" });
    for (let turn = 0; turn < 50 && engine.status.failure !== undefined; turn++) await clock.advanceAsync(1_000);
    for (let seq = 3; seq < 8; seq++) await engine.append(game, step(epoch, seq));
    await engine.snapshot(game, { epoch, seq: 8, data: Buffer.from("state 8") });
    for (let seq = 0; seq < 8; seq++) expect(textsOf(await engine.readAt(game, { seq }))).toEqual(patchTexts(seq));
    await engine.close();
    const again = await openSmall(disk, { settings, clock });
    for (let seq = 0; seq < 8; seq++) expect(textsOf(await again.readAt(game, { seq }))).toEqual(patchTexts(seq));
    await again.close();
  });

  test("with a record that is damaged says that it is not kept, and the document serves on", async () => {
    const disk = new SimulatedDisk(new SeededRandom(7));
    const engine = await openSmall(disk, { settings });
    await write(engine, 12);
    const path = disk.paths().find((each) => each.endsWith("1.wal"))!;
    const at = disk.file(path).contents().indexOf("patch 6");
    disk.file(path).corrupt((contents) => contents.fill(0, at, at + 3));
    await expect(engine.readAt(game, { seq: 7 })).rejects.toMatchObject(gone);
    await expectState(engine, 5);
    await expectState(engine, 12);
    expect(engine.status.damaged).toEqual([]);
    await engine.close();
  });
});

describe("history of a document that came from another log", () => {
  test("begins where it was installed, and shows nothing of what was there before", async () => {
    const disk = new SimulatedDisk(new SeededRandom(8));
    const engine = await openSmall(disk, { settings });
    const { epoch } = await engine.open(game, "host-a");
    await engine.append(game, step(epoch, 0, { seq: 5 }));
    await engine.append(game, step(epoch, 5));
    await engine.snapshot(game, { epoch, seq: 6, data: Buffer.from("old state 6") });
    const record = (seq: number) => ({ seq, data: Buffer.from(`new patch ${seq}`) });
    const part = { epoch: 9, afterSeq: 3, replaces: true, isDeleted: false };
    const snapshot = { seq: 3, data: Buffer.from("new state 3") };
    await engine.install(game, { ...part, snapshot, patches: [record(4), record(6), record(8)] });
    const opened = await engine.open(game, "host-b");
    await engine.append(game, step(opened.epoch, 8));
    await engine.snapshot(game, { epoch: opened.epoch, seq: 9, data: Buffer.from("new state 9") });
    await churn(engine);

    const begun = ["new state 3"];
    const states = [begun, [...begun, "new patch 4"], [...begun, "new patch 4"]];
    for (const [index, expected] of states.entries()) {
      expect(textsOf(await engine.readAt(game, { seq: 3 + index }))).toEqual(expected);
    }
    expect(textsOf(await engine.readAt(game, { seq: 6 }))).toEqual([...begun, "new patch 4", "new patch 6"]);
    expect(textsOf(await engine.readAt(game, { seq: 9 }))).toEqual(["new state 9"]);
    for (const seq of [0, 2]) await expect(engine.readAt(game, { seq })).rejects.toMatchObject(gone);

    // One that was refused has left its snapshot on the disk.
    const refused = engine.install(game, { ...part, snapshot: { seq: 3, data: Buffer.from("foreign") }, patches: [] });
    await expect(refused).rejects.toMatchObject({ code: "fenced" });
    expect(textsOf(await engine.readAt(game, { seq: 3 }))).toEqual(begun);
    await engine.close();
  });
});
