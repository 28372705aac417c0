import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { readFully, writeFully } from "../src/files/file-system.ts";
import { fsck, logContents, standIn } from "../src/index.ts";
import { grow, patchTexts, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

function named(key: string): { readonly space: string; readonly key: string } {
  return { space: "board-game", key };
}

const SEGMENT = `${DIRECTORY}/log/000000000001.wal`;

/** One segment: `early` alone, then `lost`, then `late` in turn with `early`. Returns where each third ends. */
async function threeParts(disk: SimulatedDisk): Promise<{ readonly ends: number[]; readonly storeId: string }> {
  const engine = await openSmall(disk, { settings: { segmentBytes: 1024 * 1024 } });
  const ends: number[] = [];
  const end = async (): Promise<void> => {
    ends.push((await engine.files.image()).files[0]!.sizeBytes);
  };
  await grow(engine, named("early"), 3);
  await end();
  await grow(engine, named("lost"), 4);
  await engine.open(named("taken"), "host-b");
  await end();
  await grow(engine, named("late"), 5);
  await end();
  const { storeId } = await engine.files.image();
  await engine.close();
  return { ends, storeId };
}

describe("a stand-in for a lost range of the log", () => {
  test.each([
    ["the beginning", 0, "early"],
    ["the middle", 1, "lost"],
    ["the end", 2, "late"],
  ])("%s: isolates exactly the documents that were there", async (_, part, name) => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const { ends, storeId } = await threeParts(disk);
    const from = part === 0 ? 0 : ends[part - 1]!;
    const to = ends[part]!;
    const isEndOfLog = part === 2;
    const files = disk.mount();
    const file = await files.open(SEGMENT);
    const range = { storeId, segmentId: 1, offset: from };
    const { contents, end } = logContents(await readFully(file, from, to - from), range);
    expect(end).toBe(to);
    await writeFully(file, standIn(contents, { ...range, end: to, isEndOfLog }), from);
    await file.truncate(isEndOfLog ? to + 40 : ends[2]!);
    await file.sync();
    await file.close();

    const report = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(new Set(report.problems.map(({ document }) => document?.key))).toEqual(new Set([name]));
    const engine = await openSmall(disk);
    for (const [key, count] of [
      ["early", 3],
      ["lost", 4],
      ["late", 5],
    ] as const) {
      const reading = texts(engine, named(key));
      if (key === name)
        await expect(reading).rejects.toMatchObject({ code: "internal", details: { reason: "damaged" } });
      else expect(await reading).toEqual(patchTexts(count));
    }
    // An epoch that was taken there stays taken.
    expect((await engine.open(named("taken"), "host-c")).epoch).toBe(2);
    await engine.close();
  });
});
