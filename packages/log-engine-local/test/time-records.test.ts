import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { type DumpedRecord, dump, fsck } from "../src/index.ts";
import { game, grow, patchTexts, step, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

async function records(disk: SimulatedDisk): Promise<DumpedRecord[]> {
  const found: DumpedRecord[] = [];
  for await (const record of dump(DIRECTORY, {}, { fileSystem: disk.mount() })) found.push(record);
  return found;
}

describe("time records", () => {
  test("stand behind the join of every segment, and in a batch a second after the last one", async () => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    const clock = new ManualClock();
    const engine = await openSmall(disk, { clock });
    const startedAt = clock.wallMs();
    const { epoch } = await grow(engine, game, 2);
    clock.advance(999);
    await engine.append(game, step(epoch, 2));
    clock.advance(1);
    await engine.append(game, step(epoch, 3));
    await engine.append(game, step(epoch, 4));
    for (let seq = 5; seq < 25; seq++) {
      await engine.append(game, step(epoch, seq, { data: Buffer.alloc(1_000) }));
    }
    await engine.close();

    const found = await records(disk);
    const first = found.filter(({ segment }) => segment.id === found[0]!.segment.id).map(({ type }) => type);
    expect(first.slice(0, 10)).toEqual([
      "prior",
      "time",
      "key",
      "epoch",
      "patch",
      "patch",
      "patch",
      "time",
      "patch",
      "patch",
    ]);
    const times = found.filter(({ type }) => type === "time").map(({ wallMs }) => wallMs! - startedAt);
    const segments = new Set(found.map(({ segment }) => segment.id)).size;
    expect(segments).toBeGreaterThan(1);
    expect(times).toEqual([0, 1_000, ...Array.from({ length: segments - 1 }, () => 1_000)]);
    for (const [index, { type }] of found.entries()) if (type === "prior") expect(found[index + 1]!.type).toBe("time");
  });

  test("that are damaged cost no document anything", async () => {
    const disk = new SimulatedDisk(new SeededRandom(2));
    const engine = await openSmall(disk);
    await grow(engine, game, 3);
    await engine.close();
    const time = (await records(disk)).find(({ type }) => type === "time")!;
    disk
      .file(`${DIRECTORY}/log/000000000001.wal`)
      .corrupt((contents) => contents.fill(0xee, time.offset + 41, time.offset + 43));
    const { problems } = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(problems).toMatchObject([{ kind: "damaged_record", offset: time.offset }]);
    const again = await openSmall(disk);
    expect(await texts(again, game)).toEqual(patchTexts(3));
    expect(again.status.damaged).toEqual([]);
    await again.close();
  });
});
