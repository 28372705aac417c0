import { expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { fsck, type LocalLogEngine } from "../src/index.ts";
import { game, grow, other, step, texts } from "./support/append-steps.ts";
import { HookedFileSystem } from "./support/hooked-file-system.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

const part = { afterSeq: 0, replaces: true, isDeleted: false };
const patches = [1, 2, 3].map((seq) => ({ seq, data: Buffer.from(`installed ${seq}`) }));
const snapshot = { seq: 3, data: Buffer.from("installed state") };

const oldRecords = {
  patch: async () => {},
  deletion: (engine: LocalLogEngine, epoch: number) =>
    engine.append(game, step(epoch, 3, { deletes: true, data: Buffer.from("old reason") })),
  snapshot: (engine: LocalLogEngine, epoch: number) =>
    engine.snapshot(game, { epoch, seq: 3, data: Buffer.from("old state") }),
};

/** A document whose record is the last needed one of a segment: the next round moves it. */
async function withSparseSegment(engine: LocalLogEngine, kind: keyof typeof oldRecords): Promise<number> {
  const { epoch } = await grow(engine, game, 3);
  await oldRecords[kind](engine, epoch);
  const busy = await grow(engine, other, 1);
  const data = Buffer.alloc(2_000, 1);
  for (let seq = 1; seq < 40; seq++) {
    await engine.append(other, step(busy.epoch, seq, { data }));
    await engine.snapshot(other, { epoch: busy.epoch, seq: seq + 1, data });
  }
  return epoch;
}

async function everything(engine: LocalLogEngine): Promise<string[]> {
  const { deletion } = await engine.read(game, { afterSeq: 0, limit: 1 });
  return [...(await texts(engine, game)), deletion === undefined ? "" : Buffer.from(deletion.data).toString()];
}

const cases = [
  ["a patch", "patch", { patches }],
  [
    "a deletion",
    "deletion",
    { afterSeq: 4, isDeleted: true, patches: [], deletion: { seq: 4, data: Buffer.from("why") } },
  ],
  ["a snapshot, by patches", "snapshot", { patches }],
  ["a snapshot, by another of its seq", "snapshot", { afterSeq: 3, snapshot, patches: [] }],
] as const;

test.each(cases)("what is installed while compaction moves %s is what every start finds", async (_, kind, more) => {
  for (const seed of [1, 2, 3]) {
    const disk = new SimulatedDisk(new SeededRandom(seed));
    const hooked = new HookedFileSystem(disk.mount());
    const engine = await openSmall(disk, { modules: { fileSystem: hooked } });
    const epoch = await withSparseSegment(engine, kind);
    let installs = 0;
    // The mover has read the record, and not written it yet.
    hooked.afterRecordRead = async () => {
      hooked.afterRecordRead = undefined;
      installs++;
      await engine.install(game, { ...part, ...more, epoch: epoch + 1 });
    };
    for (let round = 0; round < 6 && installs === 0; round++) await engine.compact({ withCheckpoint: true });
    expect(installs).toBe(1);
    const before = await everything(engine);
    expect(before.join()).not.toContain("old");
    disk.cutNow();
    disk.restart("power");
    expect((await fsck(DIRECTORY, { fileSystem: disk.mount() })).problems).toEqual([]);
    const again = await openSmall(disk);
    expect(again.problems).toEqual([]);
    expect(await everything(again)).toEqual(before);
    await again.close();
  }
});
