import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { ManualClock, noLogger, noMetrics } from "@tidewire/foundation";
import { encodeBase, encodeMoved, encodePrior, encodeReference, encodeTime } from "../src/format/payloads.ts";
import { RECORD_HEADER_BYTES, RecordType, segmentSalt, viewOf, writeHeader } from "../src/format/record.ts";
import { decodeSegmentHeader, encodeSegmentHeader } from "../src/format/segment-header.ts";
import { fsck, type LocalLogEngine, openLocalLogEngine } from "../src/index.ts";
import { game, grow, other, patchTexts, step, texts } from "./support/append-steps.ts";

const golden = fileURLToPath(new URL("./golden", import.meta.url));
const store = join(golden, "store-v2");
/** Set it to write the golden files anew; a difference to the committed ones is a change of the format. */
const writesGolden = process.env["TIDEWIRE_WRITE_GOLDEN"] === "1";

const STORE_ID = "00112233445566778899aabbccddeeff";
const modules = { clock: new ManualClock(), logger: noLogger, metrics: noMetrics };

function open(directory: string): Promise<LocalLogEngine> {
  return openLocalLogEngine({ directory }, modules);
}

/** Every kind of record, a checkpoint in the middle, and a log that was not closed. */
async function writeStore(directory: string): Promise<void> {
  const engine = await open(directory);
  // The background rests by the clock.
  const time = setInterval(() => modules.clock.advance(1), 1);
  const { epoch } = await grow(engine, game, 3);
  await engine.snapshot(game, { epoch, seq: 2, data: Buffer.from("state 2") });
  await engine.append(game, step(epoch, 3, { wakeAt: 1_234_567 }));
  const gone = await grow(engine, other, 2);
  await engine.append(other, step(gone.epoch, 2, { deletes: true }));
  await engine.compact({ withCheckpoint: true });
  await engine.append(game, step(epoch, 4, { seq: 9, wakeAt: 7_654_321 }));
  await engine.release(game, epoch);
  await engine.open({ space: "other-space", key: "__proto__" }, "host-b");
  await engine.close();
  clearInterval(time);
}

function hexLines(): string {
  const salt = segmentSalt(STORE_ID, 42);
  const lines = [
    `segment ${encodeSegmentHeader({ kind: "log", segmentId: 42, storeId: STORE_ID, createdAt: 1_700_000_000_000, recycledBytes: 0 }).subarray(0, 64).toString("hex")}`,
  ];
  for (const [name, type] of Object.entries(RecordType)) {
    const header = Buffer.alloc(RECORD_HEADER_BYTES);
    const fields = { type, documentId: 7, seq: 2 ** 40 + 5, epoch: 3, span: 2 };
    writeHeader(viewOf(header), 0, fields, { salt, batchStart: 4_096 }, { length: 11, crc: 0xdead_beef });
    lines.push(`${name} ${header.toString("hex")}`);
  }
  lines.push(`prior payload ${encodePrior({ segmentId: 41, endOffset: 65_536 }).toString("hex")}`);
  lines.push(`reference payload ${encodeReference({ location: 42 * 2 ** 28 + 4_096, length: 99 }).toString("hex")}`);
  const moved = { location: 43 * 2 ** 28 + 4_096, length: 99, from: 42 * 2 ** 28 + 8_192 };
  lines.push(`moved payload ${encodeMoved(moved).toString("hex")}`);
  lines.push(`time payload ${encodeTime(1_700_000_000_000).toString("hex")}`);
  const base = {
    snapshot: { location: 42 * 2 ** 28 + 4_096, length: 99 },
    wakeAt: 1_700_000_000_000,
    isDeleted: false,
  };
  lines.push(`base payload ${encodeBase(base).toString("hex")}`);
  return `${lines.join("\n")}\n`;
}

if (writesGolden) {
  rmSync(store, { recursive: true, force: true });
  mkdirSync(golden, { recursive: true });
  await writeStore(store);
  writeFileSync(join(golden, "records-v2.txt"), hexLines());
}

describe("the format on disk", () => {
  test("of headers and records is the one of FORMAT.md version 2", () => {
    expect(hexLines()).toBe(readFileSync(join(golden, "records-v2.txt"), "utf8"));
  });

  test("of a segment header is read back", () => {
    const header = {
      kind: "snapshots" as const,
      segmentId: 2 ** 25 - 3,
      storeId: STORE_ID,
      createdAt: 5,
      recycledBytes: 2 ** 26 + 8,
    };
    expect(decodeSegmentHeader(encodeSegmentHeader(header))).toEqual({ state: "good", header });
    const newer = encodeSegmentHeader(header);
    expect(decodeSegmentHeader(newer.fill(0, 0, 8))).toEqual({ state: "damaged" });
  });

  test("of a store written by version 2 is still read, by way of its checkpoint and without", async () => {
    expect(existsSync(store)).toBe(true);
    for (const withCheckpoint of [true, false]) {
      const directory = mkdtempSync(join(tmpdir(), "tidewire-golden-"));
      cpSync(store, directory, { recursive: true });
      if (!withCheckpoint) rmSync(join(directory, "checkpoints"), { recursive: true });
      expect((await fsck(directory)).problems).toEqual([]);
      const engine = await open(directory);
      expect(await texts(engine, game)).toEqual(["state 2", ...patchTexts(3, 3)]);
      expect(await engine.due({ before: 1e10, limit: 9 })).toEqual([{ document: game, wakeAt: 7_654_321 }]);
      expect(await engine.open(game, "host-z")).toMatchObject({ epoch: 2, seq: 9, isDeleted: false });
      expect(await engine.open(other, "host-z")).toMatchObject({ epoch: 2, seq: 3, isDeleted: true });
      expect(await engine.open({ space: "other-space", key: "__proto__" }, "host-z")).toMatchObject({
        epoch: 2,
        seq: 0,
      });
      await engine.close();
      rmSync(directory, { recursive: true });
    }
  });

  test("of another version is refused, and the message says what to do", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidewire-golden-"));
    const body = `tidewire-log format 1 store ${STORE_ID}`;
    writeFileSync(join(directory, "STORE"), `${body} crc ${crc32(body).toString(16).padStart(8, "0")}\n`);
    await expect(open(directory)).rejects.toThrow(
      /has log format 1; this version reads 2: use the version that wrote it/,
    );
    rmSync(directory, { recursive: true });
  });
});
