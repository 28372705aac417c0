import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { defaultLogLimits } from "@tidewire/log-engine";
import { fsck, type LocalLogEngine } from "../src/index.ts";
import { game, grow, step } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

const KIB = 1024;
/** Records in a piece, one that fills it, one that is just too large for it, one of several pieces. */
const lengths = [1, 40_000, 256 * KIB - 40, 256 * KIB - 39, 700_001];
const settings = {
  limits: { ...defaultLogLimits, recordMaxBytes: 8 * KIB, snapshotMaxBytes: KIB * KIB },
  snapshotSegmentBytes: 512 * KIB,
  snapshotQueueMaxBytes: 4 * KIB * KIB,
};

function pattern(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff));
}

async function stateOf(engine: LocalLogEngine, key: string): Promise<Uint8Array | undefined> {
  return (await engine.read({ ...game, key }, { afterSeq: 0, limit: 1 })).snapshot?.data;
}

describe("bytes of snapshots", () => {
  test.each([
    ["when nothing of the document is on its way", false],
    ["when an append of the document is on its way", true],
  ])("are taken at once %s: the caller may reuse them", async (_, isAppending) => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    const engine = await openSmall(disk, { settings });
    for (const [at, length] of lengths.entries()) {
      const document = { ...game, key: `g${at}` };
      const { epoch } = await grow(engine, document, 1);
      const appended = isAppending ? engine.append(document, step(epoch, 1)) : undefined;
      const data = pattern(length, at);
      const written = engine.snapshot(document, { epoch, seq: 1, data });
      data.fill(0);
      await Promise.all([appended, written]);
    }
    for (const [at, length] of lengths.entries()) {
      expect(Buffer.compare((await stateOf(engine, `g${at}`))!, pattern(length, at))).toBe(0);
    }
    await engine.close();
    expect((await fsck(DIRECTORY, { fileSystem: disk.mount() })).problems).toEqual([]);
  });

  test("that are installed are taken at once, and so are those of patches", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const engine = await openSmall(disk, { settings });
    const [state, patch] = [pattern(40_000, 1), pattern(900, 2)];
    const installed = engine.install(game, {
      epoch: 1,
      afterSeq: 1,
      replaces: true,
      isDeleted: false,
      snapshot: { seq: 1, data: state },
      patches: [{ seq: 2, data: patch }],
    });
    state.fill(0);
    patch.fill(0);
    await installed;
    const { snapshot, patches } = await engine.read(game, { afterSeq: 0, limit: 1 });
    expect(Buffer.compare(snapshot!.data, pattern(40_000, 1))).toBe(0);
    expect(Buffer.compare(patches[0]!.data, pattern(900, 2))).toBe(0);
    await engine.close();
  });

  test("of many at once are all there, whatever shares a piece, also after a start", async () => {
    const disk = new SimulatedDisk(new SeededRandom(2));
    const engine = await openSmall(disk, { settings });
    const all = [...lengths, ...lengths.toReversed(), 100_000, 100_000, 100_000, 0, 7, 8, 9];
    const epochs = await Promise.all(all.map((_, at) => grow(engine, { ...game, key: `g${at}` }, 1)));
    await Promise.all(
      all.map((length, at) =>
        engine.snapshot({ ...game, key: `g${at}` }, { epoch: epochs[at]!.epoch, seq: 1, data: pattern(length, at) }),
      ),
    );
    await engine.close();
    expect((await fsck(DIRECTORY, { fileSystem: disk.mount() })).problems).toEqual([]);
    const again = await openSmall(disk, { settings });
    for (const [at, length] of all.entries()) {
      expect(Buffer.compare((await stateOf(again, `g${at}`))!, pattern(length, at))).toBe(0);
    }
    await again.close();
  });

  test("are refused beyond what may wait, and taken again when it is written", async () => {
    const disk = new SimulatedDisk(new SeededRandom(3));
    const engine = await openSmall(disk, { settings: { ...settings, snapshotQueueMaxBytes: KIB * KIB } });
    const documents = Array.from({ length: 6 }, (_, at) => ({ ...game, key: `g${at}` }));
    const epochs = await Promise.all(documents.map((document) => grow(engine, document, 1)));
    const write = (at: number): Promise<void> =>
      engine.snapshot(documents[at]!, { epoch: epochs[at]!.epoch, seq: 1, data: pattern(200_000, at) });
    const outcomes = await Promise.allSettled(documents.map((_, at) => write(at)));
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(5).fill("fulfilled"), "rejected"]);
    expect((outcomes[5] as PromiseRejectedResult).reason).toMatchObject({ code: "overloaded" });
    await write(5);
    for (const at of documents.keys()) {
      expect(Buffer.compare((await stateOf(engine, `g${at}`))!, pattern(200_000, at))).toBe(0);
    }
    await engine.close();
  });
});
