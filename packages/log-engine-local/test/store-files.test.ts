import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { readFully, writeFully } from "../src/files/file-system.ts";
import type { LocalLogEngine } from "../src/index.ts";
import { game, grow, patchTexts, step, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { openSmall } from "./support/small-engine.ts";

/** Patches and snapshots until nearly everything that was written is dead. */
async function churn(engine: LocalLogEngine): Promise<void> {
  const { epoch, seq: head } = await engine.open(game, "host-a");
  for (let seq = head; seq < head + 60; seq++) {
    await engine.append(game, step(epoch, seq, { data: Buffer.alloc(1_000, "c") }));
    const data = Buffer.alloc(3_000, `${seq % 10}`);
    if (seq % 5 === 4) await engine.snapshot(game, { epoch, seq: seq + 1, data });
  }
  for (let round = 0; round < 8; round++) await engine.compact({ withCheckpoint: round < 3 });
}

function segmentsOn(disk: SimulatedDisk): number[] {
  const segments = disk.paths().filter((path) => path.endsWith(".wal") || path.endsWith(".snapshots"));
  return segments.map((path) => Number(/(\d+)\.\w+$/.exec(path)?.[1])).sort((a, b) => a - b);
}

describe("files of a running store", () => {
  test("retained ones stay while they are dead, and go when they are let go of", async () => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    const engine = await openSmall(disk);
    engine.files.retain();
    await churn(engine);
    const { files } = await engine.files.image();
    const newest = Math.max(...files.map(({ id }) => id));
    // Every id that was ever given, but for the spare at the end.
    expect(files.map(({ id }) => id).sort((a, b) => a - b)).toEqual(Array.from({ length: newest }, (_, i) => i + 1));
    expect(segmentsOn(disk)).toEqual(expect.arrayContaining(files.map(({ id }) => id)));

    const kept = files[3]!.id;
    engine.files.letGo(files.map(({ id }) => id).filter((id) => id !== kept));
    await engine.compact();
    const left = (await engine.files.image()).files;
    expect(left.length).toBeLessThan(files.length / 2);
    expect(left.map(({ id }) => id)).toContain(kept);
    engine.files.letGoOfAll();
    await engine.compact();
    expect((await engine.files.image()).files.map(({ id }) => id)).not.toContain(kept);
    await engine.close();
  });

  test("an image is enough to start from", async () => {
    const disk = new SimulatedDisk(new SeededRandom(2));
    const engine = await openSmall(disk);
    engine.files.retain();
    await churn(engine);
    const { seq } = await grow(engine, { space: "board-game", key: "late" }, 7);
    const image = await engine.files.image();
    expect(image.files.filter(({ isSealed }) => !isSealed).map(({ kind }) => kind)).toEqual(["log", "snapshots"]);

    const copy = new SimulatedDisk(new SeededRandom(3));
    const [source, target] = [disk.mount(), copy.mount()];
    const copied = [...image.files, { path: image.storeFile, sizeBytes: 256 }];
    if (image.checkpoint !== undefined) copied.push({ path: image.checkpoint.path, sizeBytes: 1_000_000 });
    for (const { path, sizeBytes } of copied) {
      await target.makeDirectory(path.slice(0, path.lastIndexOf("/")));
      const original = await source.open(path);
      const file = await target.create(path);
      await writeFully(file, await readFully(original, 0, Math.min(sizeBytes, await original.size())), 0);
      await file.sync();
      await file.close();
    }
    const restored = await openSmall(copy);
    expect(restored.problems).toEqual([]);
    expect(await texts(restored, { space: "board-game", key: "late" })).toEqual(patchTexts(seq));
    expect(await texts(restored, game)).toEqual(await texts(engine, game));
    await restored.close();
    await engine.close();
  });
});
