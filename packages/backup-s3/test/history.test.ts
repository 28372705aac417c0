import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "@tidewire/foundation";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import {
  type Backup,
  type BackupReader,
  type DocumentAt,
  findDocument,
  type HistoryMoment,
  restoreDirectory,
  type S3Client,
} from "../src/index.ts";
import { S3Double } from "../src/testing.ts";
import { clientOf } from "./support/s3-servers.ts";
import { backupOf, keys, named, newFolder, openStore, readerOf, removeFolders, write } from "./support/test-store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let double: S3Double;
let s3: S3Client;
let clock: ManualClock;
let engine: LocalLogEngine;
beforeEach(async () => {
  clock = new ManualClock();
  double = await new S3Double().start();
  double.now = () => clock.wallMs();
  s3 = clientOf(double);
  engine = await openStore(await newFolder(), clock);
});
afterEach(async () => {
  await engine.close();
  await double.stop();
  await removeFolders();
});

async function find(reader: BackupReader, key: string, moment: HistoryMoment): Promise<DocumentAt> {
  return findDocument(reader, named(key), moment, { check: () => {} });
}

/** Whether the records lead from nothing, or a snapshot, to the seq without a gap. */
function leadsTo(found: DocumentAt, seq: number): boolean {
  const from = found.snapshot?.seq ?? 0;
  const seqs = found.patches.map((patch) => patch.seq);
  return found.seq === seq && seqs.every((each, index) => each === from + index + 1) && from + seqs.length === seq;
}

describe("a document as it was", () => {
  test("at every seq it ever had, through snapshots and compaction", async () => {
    const backup = backupOf(engine, s3, {}, clock);
    let head = 0;
    for (let round = 0; round < 8; round++) {
      head = await write(engine, "g1", 9, 7);
      await write(engine, "g2", 20, 5);
      clock.advance(5_000);
      await backup.round();
      expect(backup.status.failure).toBeUndefined();
      await engine.compact({ withCheckpoint: true });
    }
    const reader = await readerOf(s3);
    expect(head).toBe(72);
    for (let seq = 1; seq <= head; seq += 7) {
      const found = await find(reader, "g1", { seq });
      expect([seq, leadsTo(found, seq)]).toEqual([seq, true]);
      const last = found.patches.at(-1) ?? found.snapshot;
      expect(last?.data.toString()).toContain(`${seq} of g1 `);
    }
    await expect(find(reader, "g1", { seq: 73 })).rejects.toThrow("no record of the document ends at seq 73");
    await expect(find(reader, "nobody", { seq: 1 })).rejects.toThrow("is not in the backup");
  }, 60_000);

  test("at a time, to about a second, from the first manifest after it", async () => {
    const backup = backupOf(engine, s3, {}, clock);
    const times: [at: number, seq: number][] = [];
    for (let step = 1; step <= 20; step++) {
      const seq = await write(engine, "g1", 1, 6);
      times.push([clock.wallMs() + 500, seq]);
      clock.advance(3_000);
      if (step % 4 === 0) {
        await backup.round();
        await engine.compact({ withCheckpoint: true });
      }
    }
    const reader = await readerOf(s3);
    for (const [at, seq] of times) expect([at, (await find(reader, "g1", { at })).seq]).toEqual([at, seq]);
    await expect(find(reader, "g1", { at: times[0]![0] - 10_000 })).rejects.toThrow("did not exist at that time");
    await expect(find(reader, "g1", { at: clock.wallMs() + HOUR_MS })).rejects.toThrow("the backup reaches until");
  }, 60_000);

  test("one that was deleted, and what it was before", async () => {
    const backup = backupOf(engine, s3, {}, clock);
    const seq = await write(engine, "g1", 5);
    const { epoch } = await engine.open(named("g1"), "host-a");
    await engine.append(named("g1"), {
      epoch,
      expectedSeq: seq,
      seq: seq + 1,
      data: Buffer.from("gone"),
      deletes: true,
    });
    await backup.round();
    const reader = await readerOf(s3);
    await expect(find(reader, "g1", { seq: seq + 1 })).rejects.toThrow("was deleted at seq 6");
    expect(leadsTo(await find(reader, "g1", { seq }), seq)).toBe(true);
  });
});

describe("retention", () => {
  test("keeps every manifest it keeps whole, and removes the rest", async () => {
    const options = { retentionMs: 4 * HOUR_MS, graceMs: HOUR_MS, cleanEveryMs: HOUR_MS };
    let backup: Backup = backupOf(engine, clientOf(double), options, clock);
    const seqAt: [at: number, seq: number][] = [];
    for (let step = 1; step <= 12 * 6; step++) {
      const seq = await write(engine, "g1", 6, 10);
      await write(engine, `g-${step % 5}`, 3, 4);
      seqAt.push([clock.wallMs() + 500, seq]);
      clock.advance(MINUTE_MS);
      await backup.round();
      expect(backup.status.failure).toBeUndefined();
      await engine.compact({ withCheckpoint: true });
      clock.advance(9 * MINUTE_MS);
      // A process that starts again takes a new epoch and goes on.
      if (step % 25 === 0) {
        await backup.stop(1_000);
        backup = backupOf(engine, clientOf(double), options, clock);
      }
    }
    const now = clock.wallMs();
    await backup.round();
    // What only the manifests named that went first goes next.
    for (let times = 0; times < 3; times++) await backup.clean();
    await backup.stop(1_000);
    const reader = await readerOf(s3);
    const manifests = await reader.manifests();
    // At most six an hour are written; one an hour is kept, but for the last one and a half hours.
    expect(manifests.length).toBeGreaterThan(8);
    expect(manifests.length).toBeLessThan(22);
    expect(Math.min(...manifests.map(({ at }) => at))).toBeGreaterThan(now - 7 * HOUR_MS);
    for (const listed of manifests) {
      const manifest = await reader.read(listed);
      const report = await restoreDirectory(reader, manifest, await newFolder(), { acceptsLoss: false });
      expect(report.lost).toEqual([]);
    }
    // Whatever the retention promises is there, at any time.
    for (const [at, seq] of seqAt.filter(([each]) => each > now - 4 * HOUR_MS)) {
      expect([at, (await find(reader, "g1", { at })).seq]).toEqual([at, seq]);
    }
    const [storeId] = await s3.folders(keys.stores);
    const store = keys.store(storeId!);
    const named = new Set<string>();
    for (const listed of manifests) {
      for (const { kind, id, parts } of (await reader.read(listed)).files) {
        for (const part of parts) named.add(store.part(kind, id, part));
      }
    }
    const unnamed = [...double.objects].filter(([key]) => key.endsWith(".part") && !named.has(key));
    for (const [, { modifiedAt }] of unnamed) expect(modifiedAt).toBeGreaterThanOrEqual(now - HOUR_MS);
    expect(unnamed.length).toBeLessThan(named.size);
  }, 120_000);

  test("never touches what another copy of the store is writing", async () => {
    const options = { retentionMs: HOUR_MS, graceMs: 10 * MINUTE_MS, cleanEveryMs: 10 * MINUTE_MS };
    const first = backupOf(engine, clientOf(double), options, clock);
    await write(engine, "g1", 20, 6);
    await first.round();
    const reader = await readerOf(s3);
    const folder = await newFolder();
    await restoreDirectory(reader, await reader.choose({}), folder, { acceptsLoss: false });
    const other = await openStore(folder, clock);
    const second = backupOf(other, clientOf(double), options, clock);
    for (let step = 0; step < 40; step++) {
      await write(engine, "g1", 4, 5);
      await write(other, "g2", 4, 5);
      clock.advance(5 * MINUTE_MS);
      await first.round();
      await second.round();
      await engine.compact({ withCheckpoint: true });
      await other.compact({ withCheckpoint: true });
    }
    expect(first.status).toMatchObject({ isSuperseded: true });
    expect(second.status).toMatchObject({ isSuperseded: false });
    await first.stop(1_000);
    await second.stop(1_000);
    for (const { status } of [first, second]) {
      const manifest = await reader.choose({ epoch: status.epoch! });
      const report = await restoreDirectory(reader, manifest, await newFolder(), { acceptsLoss: false });
      expect(report.lost).toEqual([]);
    }
    await other.close();
  }, 60_000);
});
