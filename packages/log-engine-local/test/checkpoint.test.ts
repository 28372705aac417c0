import { describe, expect, test } from "@jest/globals";
import { ManualClock, SeededRandom } from "@tidewire/foundation";
import { readCheckpoint } from "../src/checkpoint/read-checkpoint.ts";
import { writeCheckpoint } from "../src/checkpoint/write-checkpoint.ts";
import { Pace } from "../src/compaction/pace.ts";
import { StoreLayout } from "../src/format/layout.ts";
import { RecordType } from "../src/format/record.ts";
import { DocumentIndex } from "../src/index/document-index.ts";
import { SegmentTable } from "../src/index/segment-table.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";

const DOCUMENTS = 12_000;
/** More than a megabyte of them: a block larger than what is read at one time. */
const LONG_TAIL = 70_000;
const layout = new StoreLayout("/data");
const head = {
  id: 1,
  storeId: "0".repeat(32),
  position: { segmentId: 1, endOffset: 4096 },
  documents: DOCUMENTS,
  atMs: 1_700_000_000_000,
};

function nameOf(number: number): { space: string; key: string } {
  return { space: `space-${number % 3}`, key: `key-${(number * 7_919) % DOCUMENTS}-${"x".repeat(number % 40)}` };
}

function segments(): SegmentTable {
  const table = new SegmentTable();
  for (const id of [1, 2]) table.add(id, id === 1 ? "log" : "snapshots", 0);
  return table;
}

function grown(): DocumentIndex {
  const index = new DocumentIndex(segments(), 100);
  for (let number = 0; number < DOCUMENTS; number++) {
    const entry = index.create(nameOf(number));
    entry.epoch = number % 5;
    entry.owner = number % 2 === 0 ? `host-${number % 7}` : undefined;
    for (let seq = 1; seq <= (number === 17 ? LONG_TAIL : number % 4); seq++) {
      const append = { type: RecordType.timedPatch, epoch: 1, seq, span: 1, length: number % 900, payloadCrc: number };
      const wakeAt = number % 10 === 0 ? number : undefined;
      index.applyAppend(entry, append, { location: 2 ** 28 + seq * 8, wakeAt });
    }
    if (number % 4 === 3) index.applySnapshot(entry, 2, { location: 2 ** 29 + number * 8, length: 50 });
  }
  return index;
}

function said(index: DocumentIndex, number: number): unknown {
  const { id, epoch, owner, seq, wakeAt, snapshot, lastAppend, patches } = index.find(nameOf(number))!;
  return { id, epoch, owner, seq, wakeAt, snapshot, lastAppend, patches: patches.slice(0) };
}

describe("a checkpoint of many pages", () => {
  test("brings back every document, in every order, and what of each segment is needed", async () => {
    const disk = new SimulatedDisk(new SeededRandom(1));
    const fileSystem = disk.mount();
    await fileSystem.makeDirectory(layout.checkpoints);
    const unlimited = Number.POSITIVE_INFINITY;
    const pace = new Pace(new ManualClock(), { floorBytes: unlimited, capBytes: unlimited });
    const before = grown();
    const sizeBytes = await writeCheckpoint({ fileSystem, layout, pace }, head, before);
    expect(sizeBytes).toBeGreaterThan(2 * 1024 * 1024);

    const after = new DocumentIndex(segments(), 100);
    expect(await readCheckpoint(fileSystem, layout, 1, after)).toMatchObject({ ...head, sizeBytes });
    expect(after.count).toBe(DOCUMENTS);
    for (let number = 0; number < DOCUMENTS; number += 29) expect(said(after, number)).toEqual(said(before, number));
    expect(JSON.stringify(said(after, 17))).toBe(JSON.stringify(said(before, 17)));
    expect(JSON.stringify([...after.due()])).toBe(JSON.stringify([...before.due()]));
    for (const space of before.spaces()) {
      const [now, then] = [after, before].map((index) => JSON.stringify([...index.listed(space, undefined)]));
      expect(now).toBe(then);
    }
    for (const id of [1, 2]) {
      const { liveBytes, liveRecords } = before.segments.get(id)!;
      expect(after.segments.get(id)).toMatchObject({ liveBytes, liveRecords });
    }
    const fresh = after.create({ space: "space-0", key: "one-more" });
    expect(fresh.id).toBe(before.create({ space: "space-0", key: "one-more" }).id);
  });
});
