import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { fsck } from "@tidewire/log-engine-local";
import { RestoreError, RestoreIncomplete, restoreDirectory, type S3Client } from "../src/index.ts";
import { S3Double } from "../src/testing.ts";
import { clientOf } from "./support/s3-servers.ts";
import {
  backupOf,
  contentsOf,
  keys,
  newFolder,
  openStore,
  readerOf,
  remove,
  removeFolders,
  write,
} from "./support/test-store.ts";

let double: S3Double;
let s3: S3Client;
beforeEach(async () => {
  double = await new S3Double({ pageMax: 50 }).start();
  s3 = clientOf(double);
});
afterEach(async () => {
  await double.stop();
  await removeFolders();
});

async function restored(options: { readonly at?: number; readonly epoch?: string } = {}): Promise<string> {
  const reader = await readerOf(s3);
  const directory = await newFolder();
  const report = await restoreDirectory(reader, await reader.choose(options), directory, { acceptsLoss: false });
  expect(report.affected).toEqual([]);
  expect((await fsck(directory)).problems).toEqual([]);
  return directory;
}

async function contentsIn(directory: string): Promise<Record<string, string[]>> {
  const engine = await openStore(directory);
  try {
    expect(engine.problems).toEqual([]);
    return await contentsOf(engine);
  } finally {
    await engine.close();
  }
}

function partKeys(kind: string): string[] {
  return [...double.objects.keys()].filter((key) => key.includes(`/${kind}/`) && key.endsWith(".part"));
}

describe("a restored directory", () => {
  test("holds what was acknowledged before each round, through snapshots, compaction and checkpoints", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, s3);
    for (let round = 0; round < 12; round++) {
      for (const key of ["g1", "g2", `only-${round}`]) await write(engine, key, 7, 5);
      if (round > 0) await remove(engine, `only-${round - 1}`);
      await backup.round();
      expect(backup.status).toMatchObject({ isBehind: false, lagBytes: 0, manifest: round + 1 });
      expect(backup.status.failure).toBeUndefined();
      await engine.compact({ withCheckpoint: round % 3 === 2 });
      if (round % 4 === 3) expect(await contentsIn(await restored())).toEqual(await contentsOf(engine));
    }
    expect((await engine.files.image()).files.length).toBeLessThan(12);
    expect(await contentsIn(await restored())).toEqual(await contentsOf(engine));
    // What a deletion says outlives the document, the files it was in, and the disk.
    expect((await contentsOf(engine))["only-0"]).toEqual(["deleted 8", expect.stringContaining("8: end of only-0")]);
    await engine.close();
  });

  test("has the bytes of the original", async () => {
    const original = await newFolder();
    const engine = await openStore(original);
    const backup = backupOf(engine, s3);
    await write(engine, "g1", 60, 20);
    await engine.compact({ withCheckpoint: true });
    await backup.round();
    const copy = await restored();
    const { files } = await engine.files.image();
    expect(files.length).toBeGreaterThan(2);
    for (const { path, sizeBytes } of files) {
      const bytes = await readFile(join(copy, path.slice(original.length)));
      expect(bytes.equals((await readFile(path)).subarray(0, sizeBytes))).toBe(true);
    }
    await engine.close();
  });

  test("can be of an earlier moment", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, s3);
    await write(engine, "g1", 10);
    await backup.round();
    const before = await contentsOf(engine);
    const [manifest] = await (await readerOf(s3)).manifests();
    await write(engine, "g1", 10);
    await write(engine, "g2", 10);
    await backup.round();
    expect(await contentsIn(await restored({ at: manifest!.at }))).toEqual(before);
    await expect(restored({ at: 1 })).rejects.toThrow("the oldest backup is of");
    await engine.close();
  });

  test("goes on under a new epoch, without uploading again what it came from", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, s3);
    await write(engine, "g1", 60, 20);
    await backup.round();
    const directory = await restored();
    const parts = partKeys("log").length + partKeys("snapshots").length;

    const second = await openStore(directory);
    const secondBackup = backupOf(second, clientOf(double));
    await secondBackup.round();
    expect(secondBackup.status.failure).toBeUndefined();
    expect(secondBackup.status.epoch).not.toBe(backup.status.epoch);
    expect(partKeys("log").length + partKeys("snapshots").length).toBe(parts);
    await write(second, "g2", 10);
    await secondBackup.round();
    // Both upload; the newer epoch is what a restore takes, and the other can be named.
    await write(engine, "g3", 10);
    await backup.round();
    expect(await contentsIn(await restored())).toEqual(await contentsOf(second));
    expect(await contentsIn(await restored({ epoch: backup.status.epoch! }))).toEqual(await contentsOf(engine));
    await second.close();
    await engine.close();
  });

  test("is refused where something is already, and taken up again where one was interrupted", async () => {
    const engine = await openStore(await newFolder());
    await write(engine, "g1", 30);
    await backupOf(engine, s3).round();
    const reader = await readerOf(s3);
    const manifest = await reader.choose({});
    const directory = await newFolder();
    await restoreDirectory(reader, manifest, directory, { acceptsLoss: false });
    const again = restoreDirectory(reader, manifest, directory, { acceptsLoss: false });
    await expect(again).rejects.toThrow("is not empty");

    // An S3 that goes away in the middle.
    const other = await newFolder();
    let answers = 0;
    double.fault = () => (++answers > 4 ? { kind: "status", status: 403, code: "AccessDenied" } : undefined);
    await expect(restoreDirectory(reader, manifest, other, { acceptsLoss: false })).rejects.toThrow("AccessDenied");
    expect(await readdir(other)).not.toContain("STORE");
    await expect(openStore(other)).rejects.toThrow("STORE is missing");
    double.fault = () => undefined;
    await restoreDirectory(reader, manifest, other, { acceptsLoss: false });
    expect(await contentsIn(other)).toEqual(await contentsOf(engine));
    await engine.close();
  });
});

describe("a backup with lost parts", () => {
  /** Removes, or damages, one part of the log after another, and compares who is named with who had records in it. */
  test.each(["missing", "damaged"] as const)(
    "%s: names exactly the documents, and restores the others",
    async (reason) => {
      const engine = await openStore(await newFolder());
      const backup = backupOf(engine, s3);
      for (let n = 0; n < 12; n++) {
        await write(engine, `g${n}`, 8);
        await backup.round();
      }
      const whole = await contentsOf(engine);
      const [storeId] = await s3.folders(keys.stores);
      const store = keys.store(storeId!);
      const reader = await readerOf(s3);
      const manifest = await reader.choose({});
      const parts = manifest.files.flatMap((file) =>
        file.kind === "log" ? file.parts.map((part) => ({ file, part })) : [],
      );
      expect(parts.length).toBeGreaterThan(5);
      for (const { file, part } of parts) {
        const key = store.part("log", file.id, part);
        const object = double.objects.get(key)!;
        const expected = Object.keys(whole).filter((name) => object.body.includes(` of ${name} `));
        if (reason === "missing") double.objects.delete(key);
        else double.objects.set(key, { ...object, body: Buffer.from(object.body).fill(7, 100, 110) });

        const directory = await newFolder();
        const refused = await restoreDirectory(reader, manifest, directory, { acceptsLoss: false }).catch(
          (error: unknown) => error,
        );
        expect(refused).toBeInstanceOf(RestoreIncomplete);
        expect((refused as RestoreIncomplete).affected.map((document) => document.key).sort()).toEqual(expected.sort());
        expect((refused as RestoreIncomplete).lost).toMatchObject([{ reason, file: { kind: "log", id: file.id } }]);
        expect(await readdir(directory)).toEqual([]);

        const report = await restoreDirectory(reader, manifest, directory, { acceptsLoss: true });
        expect(report.affected.map((document) => document.key).sort()).toEqual(expected.sort());
        const partial = await openStore(directory);
        for (const name of Object.keys(whole)) {
          const reading = partial.read({ space: "board-game", key: name }, { afterSeq: 0, limit: 100 });
          if (expected.includes(name)) await expect(reading).rejects.toMatchObject({ details: { reason: "damaged" } });
          else expect((await reading).patches).toHaveLength(8);
        }
        await partial.close();
        double.objects.set(key, object);
      }
      await engine.close();
    },
  );

  test("a lost part of the snapshots names whose snapshot it was", async () => {
    const engine = await openStore(await newFolder());
    for (let n = 0; n < 9; n++) await write(engine, `g${n}`, 5, 5);
    await backupOf(engine, s3).round();
    const key = partKeys("snapshots")[1]!;
    const names = [
      ...double.objects
        .get(key)!
        .body.toString("latin1")
        .matchAll(/snapshot \d+ of (\w+) /g),
    ].map(([, name]) => name!);
    double.objects.delete(key);
    const reader = await readerOf(s3);
    const refused = restoreDirectory(reader, await reader.choose({}), await newFolder(), { acceptsLoss: false });
    await expect(refused).rejects.toThrow(RestoreIncomplete);
    const { affected } = (await refused.catch((error: unknown) => error)) as RestoreIncomplete;
    // A snapshot may begin in the part before or end in the one after.
    expect(affected.length).toBeGreaterThanOrEqual(names.length);
    expect(affected.length).toBeLessThanOrEqual(names.length + 1);
    expect(affected.map((document) => document.key)).toEqual(expect.arrayContaining(names));
    await engine.close();
  });

  test("without its checkpoint a manifest cannot be restored, and says so", async () => {
    const engine = await openStore(await newFolder());
    await write(engine, "g1", 5);
    await engine.compact({ withCheckpoint: true });
    await backupOf(engine, s3).round();
    double.objects.delete(partKeys("checkpoints")[0]!);
    const reader = await readerOf(s3);
    const refused = restoreDirectory(reader, await reader.choose({}), await newFolder(), { acceptsLoss: true });
    await expect(refused).rejects.toThrow(RestoreError);
    await expect(refused).rejects.toThrow("choose an earlier one");
    await engine.close();
  });

  test("a damaged manifest is not trusted", async () => {
    const engine = await openStore(await newFolder());
    await write(engine, "g1", 5);
    await backupOf(engine, s3).round();
    const key = [...double.objects.keys()].find((each) => each.includes("/manifests/"))!;
    const { body, modifiedAt } = double.objects.get(key)!;
    double.objects.set(key, { body: Buffer.from(body.toString().replace('"number":1', '"number":2')), modifiedAt });
    await expect((await readerOf(s3)).choose({})).rejects.toThrow("its checksum does not hold");
    await engine.close();
  });
});

describe("S3 away", () => {
  test("appends go on, files wait, and everything is there when it is back", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, clientOf(double, { attemptsMax: 2 }));
    await write(engine, "g1", 10, 5);
    await backup.round();
    double.fault = () => ({ kind: "status", status: 503, code: "SlowDown" });
    const before = (await engine.files.image()).files.map(({ id }) => id);
    for (let round = 0; round < 5; round++) {
      await write(engine, "g1", 40, 10);
      await backup.round();
      await engine.compact({ withCheckpoint: true });
    }
    expect(backup.status.failure).toContain("503 SlowDown");
    expect(backup.status.lagBytes).toBeGreaterThan(50_000);
    expect(backup.status.isBehind).toBe(false);
    // Nearly all of it is dead by now, and all of it is still there.
    const kept = (await engine.files.image()).files.map(({ id }) => id);
    expect(kept).toEqual(expect.arrayContaining(before));
    expect(kept.length).toBeGreaterThan(8);

    double.fault = () => undefined;
    await backup.round();
    expect(backup.status).toMatchObject({ lagBytes: 0, isBehind: false });
    expect(backup.status.failure).toBeUndefined();
    await engine.compact({ withCheckpoint: true });
    expect((await engine.files.image()).files.length).toBeLessThan(kept.length / 2);
    expect(await contentsIn(await restored())).toEqual(await contentsOf(engine));
    await engine.close();
  });

  test("beyond the bound, room on the disk comes first, and the backup is right again later", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, clientOf(double, { attemptsMax: 1 }), { pendingMaxBytes: 60_000 });
    await write(engine, "g1", 10, 5);
    await backup.round();
    double.fault = () => ({ kind: "status", status: 503, code: "SlowDown" });
    for (let round = 0; round < 8; round++) {
      await write(engine, "g1", 40, 10);
      await backup.round();
      await engine.compact({ withCheckpoint: true });
    }
    expect(backup.status.isBehind).toBe(true);
    expect((await engine.files.image()).files.length).toBeLessThan(10);
    double.fault = () => undefined;
    await backup.round();
    await backup.round();
    expect(backup.status).toMatchObject({ lagBytes: 0, isBehind: false });
    expect(await contentsIn(await restored())).toEqual(await contentsOf(engine));
    await engine.close();
  });

  test("a storm of faults costs rounds, never a wrong backup", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, clientOf(double, { attemptsMax: 2, requestTimeoutMs: 300 }));
    let dice = 1;
    const faults = [
      { kind: "status", status: 503, code: "SlowDown" },
      { kind: "status", status: 500, code: "InternalError" },
      { kind: "lost-answer" },
      { kind: "cut" },
    ] as const;
    double.fault = () => {
      dice = (dice * 48_271) % 2_147_483_647;
      return dice % 3 === 0 ? faults[dice % faults.length] : undefined;
    };
    let manifests = 0;
    for (let round = 0; round < 25; round++) {
      await write(engine, `g${round % 3}`, 6, 4);
      await backup.round();
      if (round % 5 === 4) await engine.compact({ withCheckpoint: true });
      const manifest = backup.status.manifest ?? 0;
      if (manifest > manifests && backup.status.failure === undefined) {
        manifests = manifest;
        const expected = await contentsOf(engine);
        const planned = double.fault;
        double.fault = () => undefined;
        expect(await contentsIn(await restored())).toEqual(expected);
        double.fault = planned;
      }
    }
    expect(manifests).toBeGreaterThan(3);
    await engine.close();
  });
});

describe.each(["refuse", "ignore", "unsupported"] as const)(
  "two copies of one store at once, conditions: %s",
  (conditions) => {
    test("never touch each other's backup", async () => {
      const other = await new S3Double({ conditions }).start();
      const one = clientOf(other);
      const original = await newFolder();
      const seed = await openStore(original);
      await write(seed, "g1", 20);
      await seed.close();
      const clone = await newFolder();
      await cp(original, clone, { recursive: true });

      const engines = [await openStore(original), await openStore(clone)];
      const backups = engines.map((engine) => backupOf(engine, clientOf(other)));
      for (let round = 0; round < 4; round++) {
        for (const [index, engine] of engines.entries()) await write(engine, `of-${index}`, 9, 4);
        await Promise.all(backups.map((backup) => backup.round()));
        for (const backup of backups) expect(backup.status.failure).toBeUndefined();
      }
      expect(new Set(backups.map(({ status }) => status.epoch)).size).toBe(2);
      for (const [index, engine] of engines.entries()) {
        const reader = await readerOf(one);
        const directory = await newFolder();
        const manifest = await reader.choose({ epoch: backups[index]!.status.epoch! });
        await restoreDirectory(reader, manifest, directory, { acceptsLoss: false });
        expect(await contentsIn(directory)).toEqual(await contentsOf(engine));
        await engine.close();
      }
      const claims = [...other.objects.keys()].filter((key) => key.includes("/epochs/"));
      expect(claims).toHaveLength(conditions === "refuse" ? 2 : claims.length);
      await other.stop();
    });
  },
);
