import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { findDocument, RestoreError, RestoreIncomplete, restoreDirectory, type S3Client } from "../src/index.ts";
import type { StoreKeys } from "../src/store/backup-keys.ts";
import { S3Double, type S3Fault } from "../src/testing.ts";
import { claimEpoch } from "../src/upload/epoch-claim.ts";
import { clientOf, modules } from "./support/s3-servers.ts";
import {
  backupOf,
  contentsOf,
  keys,
  named,
  newFolder,
  openStore,
  readerOf,
  removeFolders,
  write,
} from "./support/test-store.ts";

const NEVER = { acceptsLoss: false };

let double: S3Double;
let s3: S3Client;
let engine: LocalLogEngine;
beforeEach(async () => {
  double = await new S3Double({ pageMax: 50 }).start();
  s3 = clientOf(double);
  engine = await openStore(await newFolder());
});
afterEach(async () => {
  await engine.close();
  await double.stop();
  await removeFolders();
});

type Forged = Record<string, unknown> & { epoch: string; number: number; at: number; files: ForgedFile[] };
type ForgedFile = Record<string, unknown> & { parts: unknown[][] };

async function storeKeys(): Promise<StoreKeys> {
  const [storeId] = await s3.folders(keys.stores);
  return keys.store(storeId as string);
}

function manifestKeys(): string[] {
  return [...double.objects.keys()].filter((key) => key.includes("/manifests/"));
}

/** The newest manifest, changed by somebody who may write to the bucket, under the name that goes with it. */
async function forge(change: (manifest: Forged) => void): Promise<void> {
  const newest = manifestKeys().sort().at(-1)!;
  const manifest = JSON.parse(double.objects.get(newest)!.body.toString()) as Forged;
  change(manifest);
  const body = Buffer.from(JSON.stringify(manifest));
  const sha256 = createHash("sha256").update(body).digest("hex");
  const { epoch, number, at } = manifest;
  const key = (await storeKeys()).manifest({ epoch, number, at, sha256 });
  double.objects.set(key, { body, modifiedAt: Date.now() });
}

async function restored(): Promise<Record<string, string[]>> {
  const reader = await readerOf(s3);
  const directory = await newFolder();
  await restoreDirectory(reader, await reader.choose({}), directory, NEVER);
  const copy = await openStore(directory);
  try {
    return await contentsOf(copy);
  } finally {
    await copy.close();
  }
}

describe("a bucket with objects of others", () => {
  test("is backed up to, restored from and cleaned as if they were not there", async () => {
    await write(engine, "g1", 12, 5);
    const backup = backupOf(engine, clientOf(double), { graceMs: 0 });
    await backup.round();
    const store = (await storeKeys()).prefix;
    const epoch = `${store}${backup.status.epoch}`;
    const hash = "ab".repeat(32);
    const foreign = [
      "readme.txt",
      "../outside",
      "/etc/passwd",
      store,
      `${store}__proto__/constructor`,
      `${store}../../other.part`,
      `${store}999998-no-epoch/manifests/000000001-00000000000001-${hash}.json`,
      `${epoch}/manifests/latest.json`,
      `${epoch}/manifests/000000009-99999999999999-short.json`,
      `${epoch}/log/../../../../etc/0-100-${hash}.part`,
      `${epoch}/log/000000000001/0-100-${hash}.part/more`,
      `${epoch}/log/1/0-100-${hash}.part`,
      `${epoch}/logs/000000000001/0-100-${hash}.part`,
      `${store}epochs/latest.json`,
      `${store}epochs/12345678.json`,
    ];
    for (const key of foreign) double.objects.set(key, { body: Buffer.from("not ours"), modifiedAt: 0 });
    await write(engine, "g2", 12, 5);
    await backup.round();
    await backup.clean();
    const second = backupOf(engine, clientOf(double));
    await second.round();
    expect([backup.status.failure, second.status.failure]).toEqual([undefined, undefined]);
    expect(second.status.epoch).toMatch(/^000002-/);
    expect(await restored()).toEqual(await contentsOf(engine));
    expect([...double.objects.keys()]).toEqual(expect.arrayContaining(foreign));
  });

  test("gives documents back whose names mean something elsewhere", async () => {
    const names = ["__proto__", "constructor", "toString", "...", "hasOwnProperty", "CON"];
    for (const name of names) await write(engine, name, 4, 3);
    await backupOf(engine, s3).round();
    const reader = await readerOf(s3);
    const directory = await newFolder();
    expect((await restoreDirectory(reader, await reader.choose({}), directory, NEVER)).documents).toBe(names.length);
    const copy = await openStore(directory);
    for (const name of names) {
      const { seq, snapshot } = await copy.open(named(name), "host-b");
      expect([name, seq, snapshot?.seq]).toEqual([name, 4, 3]);
      expect((await findDocument(reader, named(name), { seq: 2 }, { check: () => {} })).patches).toHaveLength(2);
    }
    await copy.close();
  });
});

describe("a manifest by somebody else", () => {
  test("that wants more room than there is stops the restore before anything is fetched", async () => {
    await write(engine, "g1", 5);
    await backupOf(engine, s3).round();
    const partBytes = 64 * 1024 * 1024;
    await forge((manifest) => {
      manifest.number++;
      const parts = Array.from({ length: 5_000 }, (_, index) => [
        manifest.epoch,
        index * partBytes,
        (index + 1) * partBytes,
        "ab".repeat(32),
      ]);
      // 320 TB each.
      const file = { kind: "snapshots", isSealed: true, sizeBytes: 5_000 * partBytes, parts };
      for (let id = 900; id < 910; id++) manifest.files.push({ ...file, id });
    });
    const reader = await readerOf(s3);
    const manifest = await reader.choose({});
    const directory = await newFolder();
    const asked = double.requests.length;
    await expect(restoreDirectory(reader, manifest, directory, { acceptsLoss: true })).rejects.toThrow("has room for");
    expect(double.requests.length).toBe(asked);
    expect(await readdir(directory)).toEqual(["RESTORE"]);
    // It may be taken up again, with another one.
    const [, right] = await reader.manifests();
    await restoreDirectory(reader, await reader.read(right!), directory, NEVER);
  });

  test("whose part is not as long as it says is not restored, though the checksum is right", async () => {
    await write(engine, "g1", 5);
    await backupOf(engine, s3).round();
    const short = Buffer.from("x".repeat(50));
    const sha256 = createHash("sha256").update(short).digest("hex");
    const store = await storeKeys();
    await forge((manifest) => {
      manifest.number++;
      const file = manifest.files.find(({ kind }) => kind === "log")!;
      const [epoch, from, to] = file.parts[0] as [string, number, number];
      expect(to - from).toBeGreaterThan(short.length);
      file.parts[0] = [epoch, from, to, sha256];
      double.objects.set(store.part("log", file["id"] as number, { epoch, from, to, sha256 }), {
        body: short,
        modifiedAt: 0,
      });
    });
    const reader = await readerOf(s3);
    const refused = restoreDirectory(reader, await reader.choose({}), await newFolder(), NEVER);
    await expect(refused).rejects.toThrow("is damaged, and so is what says");
  });

  test("that goes on with one that goes on with it ends the search for a document all the same", async () => {
    await write(engine, "g1", 5);
    const first = backupOf(engine, s3);
    await first.round();
    await write(engine, "g1", 5);
    const second = backupOf(engine, clientOf(double));
    await second.round();
    await forge((manifest) => {
      manifest.epoch = first.status.epoch!;
      manifest.number = 9;
      manifest["previous"] = second.status.epoch!;
    });
    const reader = await readerOf(s3);
    await expect(findDocument(reader, named("g1"), { seq: 99 }, { check: () => {} })).rejects.toThrow("99");
    expect((await findDocument(reader, named("g1"), { seq: 3 }, { check: () => {} })).seq).toBe(3);
  });

  test("leaves everything outside of the directory as it was", async () => {
    await write(engine, "g1", 5);
    await backupOf(engine, s3).round();
    const directory = await newFolder();
    const around = async (): Promise<string[]> =>
      (await readdir(dirname(directory))).filter((name) => name.includes("evil"));
    for (const name of ["../evil", "..%2fevil", "/tmp/evil", "log/../../evil", "evil\0", "evil\n"]) {
      await forge((manifest) => {
        manifest.number++;
        manifest["sideFiles"] = { [name]: "x" };
      });
      const reader = await readerOf(s3);
      await expect(reader.choose({})).rejects.toThrow(RestoreError);
    }
    expect(await around()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("a backup that goes on", () => {
  test("does so although the manifest of before is damaged, cut short, or of a newer version", async () => {
    for (const change of [
      (body: Buffer) => body.subarray(0, body.length / 2),
      (body: Buffer) => Buffer.from(body).fill(7, 10, 20),
      () => Buffer.from('{"format":2}'),
    ]) {
      await write(engine, "g1", 6, 4);
      await backupOf(engine, s3).round();
      const newest = manifestKeys().sort().at(-1)!;
      const object = double.objects.get(newest)!;
      double.objects.set(newest, { ...object, body: change(object.body) });
      const reader = await readerOf(s3);
      await expect(reader.choose({})).rejects.toThrow(newest);
      const next = backupOf(engine, clientOf(double));
      await next.round();
      expect(next.status.failure).toBeUndefined();
      expect(await restored()).toEqual(await contentsOf(engine));
    }
  });

  test("says so where somebody has claimed the last epoch there can be, and goes on when that is gone", async () => {
    await write(engine, "g1", 5);
    const backup = backupOf(engine, s3);
    await backup.round();
    const last = (await storeKeys()).claim(999_999);
    double.objects.set(last, { body: Buffer.from("{}"), modifiedAt: Date.now() });
    const next = backupOf(engine, clientOf(double));
    await next.round();
    expect(next.status.failure).toContain(`${last} is the last epoch`);
    expect(next.status.epoch).toBeUndefined();
    double.objects.delete(last);
    await next.round();
    expect(next.status).toMatchObject({ epoch: expect.stringMatching(/^000002-/), manifest: 1 });
  });

  test.each([
    ["refuse", true],
    ["ignore", false],
    ["unsupported", false],
  ] as const)("tries out whether the server honours conditions: %s", async (conditions, isFenced) => {
    const other = await new S3Double({ conditions }).start();
    const claim = { random: modules.random, node: "log-0", now: 1 };
    const store = keys.store("ff".repeat(16));
    const first = await claimEpoch(clientOf(other), store, claim);
    expect([first.number, first.isFenced]).toEqual([1, isFenced]);
    // An answer that is lost makes the number no other's.
    const planned: S3Fault[] = [{ kind: "lost-answer" }];
    other.fault = ({ method }) => (method === "PUT" ? planned.shift() : undefined);
    const second = await claimEpoch(clientOf(other), store, claim);
    expect([second.number, second.isFenced]).toEqual([2, isFenced]);
    await other.stop();
  });

  test("has nothing of what was answered with half of an object", async () => {
    for (let n = 0; n < 4; n++) await write(engine, `g${n}`, 5);
    await backupOf(engine, s3).round();
    const reader = await readerOf(s3);
    const manifest = await reader.choose({});
    double.fault = ({ key }) => (key.endsWith(".part") ? { kind: "truncated" } : undefined);
    const directory = await newFolder();
    const refused = restoreDirectory(reader, manifest, directory, NEVER);
    await expect(refused).rejects.toThrow(RestoreIncomplete);
    expect(await readdir(directory)).toEqual([]);
    double.fault = ({ key }) => (key.endsWith(".json") ? { kind: "truncated" } : undefined);
    await expect(reader.choose({})).rejects.toThrow("its checksum does not hold");
    double.fault = ({ key }) => (key === "" ? { kind: "truncated" } : undefined);
    await expect(reader.choose({})).rejects.toMatchObject({ code: "bad_listing" });
  });
});
