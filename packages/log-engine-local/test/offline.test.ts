import { describe, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { DirectoryInUse, type DumpedRecord, dump, fsck, StoreFormatError } from "../src/index.ts";
import { game, grow, other, step } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

async function built(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new SeededRandom(8));
  const engine = await openSmall(disk, { settings: { segmentBytes: 64 * 1024 } });
  const { epoch } = await grow(engine, game, 3);
  await engine.snapshot(game, { epoch, seq: 2, data: Buffer.from("state 2") });
  await engine.append(game, step(epoch, 3, { wakeAt: 99 }));
  const gone = await grow(engine, other, 1);
  await engine.append(other, step(gone.epoch, 1, { deletes: true }));
  await engine.close();
  return disk;
}

async function records(disk: SimulatedDisk, document?: typeof game): Promise<DumpedRecord[]> {
  const found: DumpedRecord[] = [];
  const filter = document === undefined ? {} : { document };
  for await (const record of dump(DIRECTORY, filter, { fileSystem: disk.mount() })) found.push(record);
  return found;
}

describe("fsck", () => {
  test("reads everything and finds a sound store sound", async () => {
    const disk = await built();
    const report = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(report).toMatchObject({ documents: 2, deletedDocuments: 1, records: 4, tornTail: undefined, problems: [] });
    expect(report.segments.map(({ kind }) => kind)).toEqual(["log", "snapshots"]);
    expect(report.segments[0]!.liveBytes).toBeLessThan(report.segments[0]!.sizeBytes);
  });

  test("finds a damaged snapshot before anybody asks for it, and names the document", async () => {
    const disk = await built();
    const path = disk.paths().find((each) => each.endsWith(".snapshots"))!;
    disk.file(path).corrupt((contents) => contents.fill(0, 4096 + 42, 4096 + 43));
    const { problems } = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(problems).toMatchObject([{ kind: "unreadable_reference", document: game, offset: 4096 }]);
  });

  test("reports a torn end as what it is", async () => {
    const disk = await built();
    const path = `${DIRECTORY}/log/000000000001.wal`;
    const { size } = disk.file(path);
    disk.file(path).corrupt((contents) => Buffer.concat([contents, Buffer.alloc(100, 7)]));
    const report = await fsck(DIRECTORY, { fileSystem: disk.mount() });
    expect(report.tornTail).toEqual({ segmentId: 1, offset: size, fileBytes: size + 100 });
    expect(report.problems).toEqual([]);
    expect(disk.file(path).size).toBe(size + 100);
  });

  test("refuses a directory that is in use, and one that is none", async () => {
    const disk = await built();
    const engine = await openSmall(disk);
    await expect(fsck(DIRECTORY, { fileSystem: disk.mount() })).rejects.toThrow(DirectoryInUse);
    await engine.close();
    await expect(fsck("/nowhere", { fileSystem: disk.mount() })).rejects.toThrow();
    await disk.mount().makeDirectory("/empty");
    await expect(fsck("/empty", { fileSystem: disk.mount() })).rejects.toThrow(StoreFormatError);
  });
});

describe("dump", () => {
  test("gives every record with what it says", async () => {
    const found = await records(await built());
    expect(found.map(({ type }) => type)).toEqual([
      "prior",
      "time",
      "key",
      "epoch",
      "patch",
      "patch",
      "patch",
      "snapshotReference",
      "timedPatch",
      "key",
      "epoch",
      "patch",
      "deletion",
      "closing",
      "snapshot",
    ]);
    expect(found[0]).toMatchObject({ prior: { segmentId: 0, endOffset: 0 }, offset: 4096 });
    expect(found[1]).toMatchObject({ wallMs: 1_700_000_000_000 });
    expect(found[3]).toMatchObject({ document: game, epoch: 1, owner: "host-a" });
    expect(found[8]).toMatchObject({ document: game, seq: 4, wakeAt: 99, data: Buffer.from("patch 4") });
    expect(found.at(-1)).toMatchObject({ document: game, seq: 2, data: Buffer.from("state 2") });
    expect(found[7]?.target?.length).toBe(7);
  });

  test("of one document gives nothing else", async () => {
    const found = await records(await built(), other);
    expect(found.map(({ type }) => type)).toEqual(["key", "epoch", "patch", "deletion"]);
    expect(await records(await built(), { space: "board-game", key: "unknown" })).toEqual([]);
  });

  test("shows damage where it is", async () => {
    const disk = await built();
    const patch = (await records(disk)).find(({ type }) => type === "patch")!;
    disk
      .file(`${DIRECTORY}/log/000000000001.wal`)
      .corrupt((contents) => contents.fill(1, patch.offset + 41, patch.offset + 43));
    const found = await records(disk);
    expect(found.find(({ offset }) => offset === patch.offset)).toMatchObject({
      type: "damage",
      document: game,
      seq: 1,
    });
    expect(found).toHaveLength(15);
  });
});
