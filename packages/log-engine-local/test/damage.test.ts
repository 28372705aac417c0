import { crc32 } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { type DocumentName, ManualClock, SeededRandom, ServiceError } from "@tidewire/foundation";
import { RecordType, segmentSalt, viewOf, writeHeader } from "../src/format/record.ts";
import { SEGMENT_HEADER_BYTES } from "../src/format/segment-header.ts";
import { type LocalLogEngine, StoreFormatError } from "../src/index.ts";
import { grow, patchTexts, step, texts } from "./support/append-steps.ts";
import { SimulatedDisk } from "./support/simulated-disk.ts";
import { DIRECTORY, openSmall } from "./support/small-engine.ts";

const documents: DocumentName[] = ["g1", "g2", "g3"].map((key) => ({ space: "board-game", key }));
const LOG_1 = `${DIRECTORY}/log/000000000001.wal`;

/** No divisor of the alignment: over a dozen records every byte of a header has its turn. */
const STRIDE = process.env["TIDEWIRE_TEST_EVERY_BYTE"] === "1" ? 1 : 3;

/** Three documents with records in turn, all in one segment. `g2` has a snapshot of seq 2. */
async function build(end: "closed" | "killed" = "closed"): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(new SeededRandom(5));
  const engine = await openSmall(disk, { settings: { segmentBytes: 64 * 1024 } });
  const epochs: number[] = [];
  for (const document of documents) epochs.push((await engine.open(document, "host-a")).epoch);
  for (let seq = 0; seq < 4; seq++) {
    for (const [index, document] of documents.entries()) {
      await engine.append(document, step(epochs[index]!, seq, seq === 3 ? { wakeAt: 50 } : {}));
    }
    if (seq === 2) await engine.snapshot(documents[1]!, { epoch: epochs[1]!, seq: 2, data: Buffer.from("state 2") });
  }
  if (end === "closed") await engine.close();
  else disk.cutNow();
  disk.restart("process");
  return disk;
}

/** What each document is expected to hold. */
const whole: readonly (readonly string[])[] = [patchTexts(4), ["state 2", ...patchTexts(2, 3)], patchTexts(4)];

/** Per document: `right`, `isolated` (refused as damaged), or what it wrongly holds. */
async function judge(engine: LocalLogEngine): Promise<string[]> {
  const verdicts: string[] = [];
  for (const [index, document] of documents.entries()) {
    const found = await texts(engine, document).catch((error: unknown) => error);
    if (found instanceof ServiceError) {
      verdicts.push(found.details?.["reason"] === "damaged" ? "isolated" : found.message);
    } else verdicts.push(isSame(found, whole[index]) ? "right" : JSON.stringify(found));
  }
  return verdicts;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function flip(disk: SimulatedDisk, path: string, offset: number, bit = offset % 8): void {
  disk.file(path).corrupt((contents) => {
    contents[offset] = contents[offset]! ^ (1 << bit);
    return contents;
  });
}

describe("one flipped bit", () => {
  test("anywhere in the records isolates at most the document it belongs to, and never shows wrong bytes", async () => {
    const size = (await build()).file(LOG_1).size;
    const isolated = new Map<number, number>();
    let refusals = 0;
    for (let offset = SEGMENT_HEADER_BYTES; offset < size; offset += STRIDE) {
      const disk = await build();
      flip(disk, LOG_1, offset);
      const engine = await openSmall(disk).catch((error: unknown) => error as Error);
      if (engine instanceof Error) {
        // A lost name: the documents behind it cannot be found any more, so nothing is served.
        expect(engine).toBeInstanceOf(StoreFormatError);
        refusals++;
        continue;
      }
      const verdicts = await judge(engine);
      const bad = verdicts.flatMap((verdict, index) => (verdict === "right" ? [] : [index]));
      expect({ offset, verdicts: bad.map((index) => verdicts[index]) }).toEqual({
        offset,
        verdicts: bad.map(() => "isolated"),
      });
      expect(bad.length).toBeLessThanOrEqual(1);
      for (const index of bad) {
        isolated.set(index, (isolated.get(index) ?? 0) + 1);
        expect(engine.status.damaged.map(({ document }) => document.key)).toEqual([documents[index]!.key]);
        expect(engine.problems.length).toBeGreaterThan(0);
        await expect(engine.open(documents[index]!, "host-b")).rejects.toMatchObject({ code: "internal" });
        await grow(engine, documents[(index + 1) % 3]!, 1);
      }
      await engine.close();
    }
    // Every document was hit, and only the three records that tie ids to names made the store unusable.
    expect([...isolated.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(refusals).toBeLessThan(3 * 60);
    expect(refusals).toBeGreaterThan(0);
  }, 120_000);

  test("in a segment header is reported, and its records are read all the same", async () => {
    for (const offset of [0, 7, 9, 10, 11, 16, 30, 45, 60, 63]) {
      const disk = await build();
      flip(disk, LOG_1, offset);
      const engine = await openSmall(disk);
      expect(engine.problems.map(({ kind }) => kind)).toEqual(["damaged_segment_header"]);
      expect(await judge(engine)).toEqual(["right", "right", "right"]);
      await engine.close();
    }
  });

  test("in a snapshot isolates its document when it is read", async () => {
    const path = (await build()).paths().find((each) => each.endsWith(".snapshots"))!;
    const size = (await build()).file(path).size;
    for (let offset = SEGMENT_HEADER_BYTES; offset < size - 1; offset++) {
      const disk = await build();
      flip(disk, path, offset);
      const engine = await openSmall(disk);
      expect(await judge(engine)).toEqual(["right", "isolated", "right"]);
      await expect(engine.open(documents[1]!, "host-b")).rejects.toMatchObject({ code: "internal" });
      await engine.close();
    }
  });

  test("in a checkpoint makes an older one, or the log, take its place", async () => {
    const checkpointed = async (): Promise<SimulatedDisk> => {
      const disk = await build();
      const engine = await openSmall(disk);
      await engine.compact({ withCheckpoint: true });
      await engine.close();
      return disk;
    };
    const path = `${DIRECTORY}/checkpoints/000000000001.checkpoint`;
    const size = (await checkpointed()).file(path).size;
    for (let offset = 0; offset < size; offset += STRIDE) {
      const disk = await checkpointed();
      flip(disk, path, offset);
      const engine = await openSmall(disk);
      expect(engine.problems.map(({ kind }) => kind)).toEqual(["damaged_checkpoint"]);
      expect(await judge(engine)).toEqual(["right", "right", "right"]);
      await engine.close();
    }
  }, 60_000);

  test("in STORE refuses the start", async () => {
    const path = `${DIRECTORY}/STORE`;
    const size = (await build()).file(path).size;
    for (let offset = 0; offset < size; offset++) {
      const disk = await build();
      flip(disk, path, offset, 0);
      await expect(openSmall(disk)).rejects.toBeInstanceOf(StoreFormatError);
    }
  });
});

describe("a torn end", () => {
  test("at every byte of the last write is cut off after it was copied; everything before is right", async () => {
    const { size } = (await build("killed")).file(LOG_1);
    // Header, time of the next timer, seven letters, one byte of padding.
    const lastBatch = size - (40 + 8 + 7 + 1);
    const tails = [
      (image: Buffer, length: number) => image.subarray(0, length),
      (image: Buffer, length: number) => Buffer.concat([image.subarray(0, length), Buffer.alloc(size - length)]),
      (image: Buffer, length: number) => Buffer.concat([image.subarray(0, length), Buffer.alloc(300, 0xa5)]),
    ];
    for (const tail of tails) {
      for (let length = lastBatch; length < size; length++) {
        const disk = await build("killed");
        const image = disk.file(LOG_1).contents();
        const torn = tail(image, length);
        disk.file(LOG_1).corrupt(() => torn);
        const engine = await openSmall(disk);
        expect(engine.problems).toEqual([]);
        expect(await texts(engine, documents[0]!)).toEqual(whole[0]);
        expect(await texts(engine, documents[1]!)).toEqual(whole[1]);
        // The padding of the last record does not matter.
        const isWhole = torn.subarray(0, size - 1).equals(image.subarray(0, size - 1));
        expect(await texts(engine, documents[2]!)).toEqual(isWhole ? whole[2] : patchTexts(3));
        const copies = disk.paths().filter((path) => path.endsWith(".tail"));
        if (torn.length > lastBatch && !isWhole) {
          expect(copies.map((path) => disk.file(path).contents())).toEqual([torn.subarray(lastBatch)]);
          expect(disk.file(LOG_1).size).toBe(lastBatch);
        }
        const { epoch, seq } = await engine.open(documents[2]!, "host-b");
        await engine.append(documents[2]!, step(epoch, seq, { data: Buffer.from("after") }));
        disk.cutNow();
        disk.restart("power");
        const again = await openSmall(disk);
        expect(again.problems).toEqual([]);
        expect((await texts(again, documents[2]!)).at(-1)).toBe("after");
        await again.close();
      }
    }
  }, 120_000);

  test("that is damage, because later writes were acknowledged, is not cut", async () => {
    const disk = await build("killed");
    const size = disk.file(LOG_1).size;
    // The record before the last one.
    flip(disk, LOG_1, size - 60);
    const engine = await openSmall(disk);
    expect(await judge(engine)).toEqual(["right", "isolated", "right"]);
    expect(disk.file(LOG_1).size).toBe(size);
  });
});

describe("a hole of a whole sector", () => {
  async function withHole(): Promise<SimulatedDisk> {
    const disk = await build();
    const from = SEGMENT_HEADER_BYTES + 512;
    disk.file(LOG_1).corrupt((contents) => contents.fill(0, from, from + 256));
    return disk;
  }

  test("refuses the start, because nobody can say whose records are gone", async () => {
    await expect(openSmall(await withHole())).rejects.toThrow(/damaged places .* cannot be tied to a document/);
  });

  test("isolates the documents with a gap, if the operator accepts the rest", async () => {
    const engine = await openSmall(await withHole(), { settings: { acceptsUnattributedDamage: true } });
    const verdicts = await judge(engine);
    expect(verdicts.filter((verdict) => verdict === "isolated").length).toBeGreaterThan(0);
    expect(engine.problems.map(({ kind }) => kind)).toContain("unattributed_damage");
    for (const verdict of verdicts) expect(["right", "isolated"]).toContain(verdict);
  });
});

describe("what must not be misread", () => {
  test("a record that claims four gigabytes allocates nothing and counts as torn", async () => {
    const disk = await build("killed");
    const storeId = /store ([0-9a-f]{32})/.exec(disk.file(`${DIRECTORY}/STORE`).contents().toString())![1]!;
    disk.file(LOG_1).corrupt((contents) => {
      const grown = Buffer.concat([contents, Buffer.alloc(64)]);
      const header = { type: RecordType.patch, documentId: 1, seq: 5, epoch: 1, span: 1 };
      const place = { salt: segmentSalt(storeId, 1), batchStart: contents.length };
      writeHeader(viewOf(grown), contents.length, header, place, { length: 0xffff_fff0, crc: 0 });
      return grown;
    });
    const engine = await openSmall(disk);
    expect(await judge(engine)).toEqual(["right", "right", "right"]);
  });

  test("a record of a newer version refuses the start rather than being skipped", async () => {
    const disk = await build("killed");
    const storeId = /store ([0-9a-f]{32})/.exec(disk.file(`${DIRECTORY}/STORE`).contents().toString())![1]!;
    disk.file(LOG_1).corrupt((contents) => {
      const grown = Buffer.concat([contents, Buffer.alloc(40)]);
      const header = { type: 77 as RecordType, documentId: 1, seq: 5, epoch: 1, span: 1 };
      const place = { salt: segmentSalt(storeId, 1), batchStart: contents.length };
      writeHeader(viewOf(grown), contents.length, header, place, { length: 0, crc: crc32("") });
      return grown;
    });
    await expect(openSmall(disk)).rejects.toThrow(/record type 77 is of a newer version/);
  });

  test("a record of another segment, left in a block behind the end, is none here", async () => {
    const ghosted = async (): Promise<SimulatedDisk> => {
      const disk = new SimulatedDisk(new SeededRandom(11));
      const clock = new ManualClock();
      const engine = await openSmall(disk, { clock });
      const { epoch } = await grow(engine, documents[0]!, 3);
      await grow(engine, documents[1]!, 1);
      // Written, and refused because the sync fails: nobody was told that it is there.
      const from = disk.file(LOG_1).size;
      disk.failNext("sync", "EIO", /wal$/);
      const ghost = step(epoch, 3, { data: Buffer.from("ghost") });
      await expect(engine.append(documents[0]!, ghost)).rejects.toMatchObject({ code: "unavailable" });
      const leftover = disk.file(LOG_1).contents().subarray(from);
      clock.advance(1_000);
      while (engine.status.failure !== undefined) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      await grow(engine, documents[1]!, 1);
      disk.cutNow();
      disk.restart("power");
      const last = disk
        .paths()
        .filter((path) => path.endsWith(".wal") && disk.file(path).size > SEGMENT_HEADER_BYTES)
        .sort()
        .at(-1)!;
      expect(last).not.toBe(LOG_1);
      disk.file(last).corrupt((contents) => Buffer.concat([contents, leftover]));
      return disk;
    };
    const careful = await openSmall(await ghosted());
    expect(await texts(careful, documents[0]!)).toEqual(patchTexts(3));
    const careless = await openSmall(await ghosted(), { modules: { checks: { ignoresSalt: true } } });
    expect(await texts(careless, documents[0]!).catch(() => "isolated")).not.toEqual(patchTexts(3));
  });

  test("a document that holds a copy of some log keeps it as data, also when the record itself is damaged", async () => {
    const foreign = (await build()).file(LOG_1).contents().subarray(SEGMENT_HEADER_BYTES);
    const disk = new SimulatedDisk(new SeededRandom(9));
    const engine = await openSmall(disk, { settings: { segmentBytes: 64 * 1024 } });
    const { epoch } = await engine.open(documents[0]!, "host-a");
    await engine.append(documents[0]!, step(epoch, 0, { data: foreign }));
    await grow(engine, documents[1]!, 1);
    await engine.close();
    disk.restart("process");
    const start = disk.file(LOG_1).contents().indexOf(foreign);
    flip(disk, LOG_1, start - 8);
    const again = await openSmall(disk);
    expect(again.status.damaged.map(({ document }) => document.key)).toEqual(["g1"]);
    expect(await texts(again, documents[1]!)).toEqual(patchTexts(1));
    expect(await again.list("board-game", { limit: 5 })).toHaveLength(2);
  });

  test("a segment that is missing names itself", async () => {
    const disk = new SimulatedDisk(new SeededRandom(4));
    const engine = await openSmall(disk);
    const { epoch } = await engine.open(documents[0]!, "host-a");
    for (let seq = 0; seq < 20; seq++) {
      await engine.append(documents[0]!, step(epoch, seq, { data: Buffer.alloc(2_000) }));
    }
    await engine.close();
    const logs = disk
      .paths()
      .filter((path) => path.endsWith(".wal"))
      .sort();
    await disk.mount().remove(logs[1]!);
    disk.restart("process");
    await expect(openSmall(disk)).rejects.toThrow(`${logs[1]} is missing`);
  });

  test("a segment of another store refuses the start", async () => {
    const foreign = (await build()).file(LOG_1).contents();
    const disk = await build();
    disk.file(LOG_1).corrupt(() => foreign);
    await expect(openSmall(disk)).rejects.toThrow(/segment 1 belongs to another store/);
  });
});
