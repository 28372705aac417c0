import { expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { defaultLogLimits } from "@tidewire/log-engine";
import type { FileSystem } from "../src/files/file-system.ts";
import { game, grow, step } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall } from "./support/small-engine.ts";

const MIB = 1024 * 1024;
const SNAPSHOTS = 40;
/** As one for every 40 kB of 1.6 MB of patches a second. */
const EVERY_MS = 25;

/** Counts the syncs of snapshot segments. */
function countingSyncs(fileSystem: FileSystem): { readonly fileSystem: FileSystem; readonly syncs: () => number } {
  let syncs = 0;
  const counting: FileSystem = Object.create(fileSystem, {
    create: {
      value: async (path: string) => {
        const file = await fileSystem.create(path);
        if (!path.endsWith(".snapshots")) return file;
        const sync = file.sync.bind(file);
        return Object.assign(file, { sync: () => (syncs++, sync()) });
      },
    },
  });
  return { fileSystem: counting, syncs: () => syncs };
}

test.each([
  ["while appends come snapshots share their syncs, sixteen a second", 1, 17],
  ["without appends each is synced as it comes", undefined, SNAPSHOTS + 1],
])("%s", async (_, appendEveryMs, mostSyncs) => {
  const disk = new SimulatedDisk(new SeededRandom(3));
  const clock = new ManualClock();
  const { fileSystem, syncs } = countingSyncs(disk.mount());
  const engine = await openSmall(disk, {
    clock,
    settings: {
      paceFloorBytes: 8 * MIB,
      paceCapBytes: 32 * MIB,
      snapshotSegmentBytes: 8 * MIB,
      limits: { ...defaultLogLimits, recordMaxBytes: 8 * 1024 },
      snapshotQueueMaxBytes: 16 * MIB,
    },
    modules: { fileSystem },
  });
  const busy = await grow(engine, { ...game, key: "busy" }, 1);
  const keys = Array.from({ length: SNAPSHOTS }, (_, at) => `g${at}`);
  const epochs = await Promise.all(keys.map(async (key) => (await grow(engine, { ...game, key }, 1)).epoch));
  clock.advance(1_000);
  // The simulated disk answers in turns of the event loop.
  const passMs = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    await clock.advanceAsync(1);
  };

  const written: Promise<number>[] = [];
  let seq = 1;
  for (let ms = 0; ms < SNAPSHOTS * EVERY_MS; ms++) {
    if (appendEveryMs !== undefined) await engine.append({ ...game, key: "busy" }, step(busy.epoch, seq++));
    if (ms % EVERY_MS === 0) {
      const at = ms / EVERY_MS;
      const asked = clock.monotonicMs();
      const snapshot = { epoch: epochs[at]!, seq: 1, data: Buffer.alloc(40_000, at) };
      const done = engine.snapshot({ ...game, key: keys[at]! }, snapshot);
      written.push(done.then(() => clock.monotonicMs() - asked));
    }
    await passMs();
  }
  for (let ms = 0; ms < 100; ms++) await passMs();
  const waited = await Promise.all(written);
  // None waits for long for the others, and none is lost.
  expect(Math.max(...waited)).toBeLessThan(80);
  expect(syncs()).toBeLessThanOrEqual(mostSyncs);
  expect(syncs()).toBeGreaterThanOrEqual(appendEveryMs === undefined ? SNAPSHOTS : 12);
  for (const [at, key] of keys.entries()) {
    const { snapshot } = await engine.read({ ...game, key }, { afterSeq: 0, limit: 1 });
    expect(Buffer.compare(snapshot!.data, Buffer.alloc(40_000, at))).toBe(0);
  }
  await engine.close();
});
