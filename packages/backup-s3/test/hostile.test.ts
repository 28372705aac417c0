import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "@tidewire/foundation";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { type BackupManifest, findDocument, RestoreError, restoreDirectory, S3Client } from "../src/index.ts";
import { parseListing } from "../src/s3/listing.ts";
import { checkS3Settings } from "../src/s3/s3-settings.ts";
import { decodeManifest } from "../src/store/manifest.ts";
import { ManifestError } from "../src/store/manifest-check.ts";
import { S3Double } from "../src/testing.ts";
import { bundleChild } from "./support/child-script.ts";
import { clientOf, modules, settingsOf } from "./support/s3-servers.ts";
import { backupOf, keys, named, newFolder, openStore, readerOf, removeFolders, write } from "./support/test-store.ts";

const HOUR_MS = 3_600_000;

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

function keysWith(text: string): string[] {
  return [...double.objects.keys()].filter((key) => key.includes(text));
}

/** As somebody would write it who may write to the bucket, with the right checksum. */
function forged(change: (manifest: Record<string, unknown> & { files: Record<string, unknown>[] }) => void): Buffer {
  const hash = "ab".repeat(32);
  const manifest = {
    format: 1,
    cluster: "test",
    storeId: "ff".repeat(16),
    epoch: "000001-0000000a",
    number: 1,
    at: 5,
    node: "log-0",
    store: "text\n",
    sideFiles: {} as Record<string, unknown>,
    files: [{ kind: "log", id: 1, sizeBytes: 100, isSealed: true, parts: [["000001-0000000a", 0, 100, hash]] }],
  };
  change(manifest);
  return Buffer.from(JSON.stringify(manifest));
}

function decoded(bytes: Buffer): BackupManifest {
  return decodeManifest(bytes, createHash("sha256").update(bytes).digest("hex"));
}

describe("a forged manifest", () => {
  test("as such is well-formed", () => {
    expect(decoded(forged(() => {})).files).toHaveLength(1);
  });

  test.each<[string, (file: Record<string, unknown>) => void]>([
    ["an id that leaves the folder", (file) => (file["id"] = "/../../../../tmp/evil")],
    ["a negative id", (file) => (file["id"] = -1)],
    ["an id that is no number", (file) => (file["id"] = 1.5)],
    ["a folder of its own", (file) => (file["kind"] = "../log")],
    ["a folder that every object has", (file) => (file["kind"] = "__proto__")],
    ["no parts", (file) => delete file["parts"]],
    ["parts that are none", (file) => (file["parts"] = [null])],
    ["an epoch that is a path", (file) => (file["parts"] = [["../..", 0, 100, "ab".repeat(32)]])],
    ["a checksum that is a path", (file) => (file["parts"] = [["000001-0000000a", 0, 100, "../x"]])],
    [
      "a part of a petabyte",
      (file) => {
        file["sizeBytes"] = 2 ** 50;
        file["parts"] = [["000001-0000000a", 0, 2 ** 50, "ab".repeat(32)]];
      },
    ],
    ["a size that is none", (file) => (file["sizeBytes"] = "100")],
  ])("with %s in a file is refused", (_, change) => {
    expect(() => decoded(forged(({ files }) => change(files[0]!)))).toThrow(ManifestError);
  });

  test.each<[string, (manifest: Record<string, unknown>) => void]>([
    ["no files", (manifest) => delete manifest["files"]],
    ["a time that is none", (manifest) => (manifest["at"] = 1e300)],
    ["a store that is no text", (manifest) => (manifest["store"] = { length: 1e9 })],
    ["an epoch that is a path", (manifest) => (manifest["previous"] = "../../other")],
    ["side files that are no texts", (manifest) => (manifest["sideFiles"] = { "SHARD.json": 7 })],
    ["the same file twice", (manifest) => (manifest["files"] as unknown[]).push((manifest["files"] as unknown[])[0])],
    // `STORE` comes last: a side file of that name would serve half a directory.
    ...["STORE", "STORE.restored", "RESTORE", "LOCK", "log", "snapshots", "../evil", ".", "a/b"].map(
      (name): [string, (manifest: Record<string, unknown>) => void] => [
        `a side file ${name}`,
        (manifest) => (manifest["sideFiles"] = { [name]: "x" }),
      ],
    ),
  ])("with %s is refused", (_, change) => {
    expect(() => decoded(forged(change))).toThrow(ManifestError);
  });

  test.each([
    ["empty objects", "{},", "the manifest is not"],
    ["empty arrays", "[],", "the manifest is not"],
    ["numbers", "1,", "the manifest is not"],
    ["arrays in arrays", "[", "the manifest is not"],
  ])("of millions of %s is refused before it is parsed", (_, piece, text) => {
    const bytes = Buffer.from(`{"format":1,"files":[${piece.repeat(4_000_000)}`);
    const heapBytes = process.memoryUsage().heapUsed;
    expect(() => decoded(bytes)).toThrow(text);
    expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(32 * 1024 * 1024);
  });

  test("that is no JSON is refused as what it is", () => {
    expect(() => decoded(Buffer.from("{"))).toThrow(ManifestError);
    expect(() => decoded(Buffer.from("null"))).toThrow(ManifestError);
  });
});

describe("a listing", () => {
  test("that begins thousands of objects and ends none is refused in no time", () => {
    const xml = `<ListBucketResult>${"<Contents>".repeat(40_000)}</ListBucketResult>`;
    const startedAt = process.cpuUsage();
    expect(() => parseListing(xml)).toThrow("Contents");
    expect(process.cpuUsage(startedAt).user).toBeLessThan(1_000_000);
  });

  test.each([
    ["a time", "<Size>7</Size><LastModified>yesterday</LastModified>"],
    ["a size", "<Size>many</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified>"],
  ])("with %s that is none is refused", (_, fields) => {
    const xml = `<ListBucketResult><Contents><Key>a</Key>${fields}</Contents></ListBucketResult>`;
    expect(() => parseListing(xml)).toThrow("the listing has");
  });

  test("that was cut between two objects is not taken for a shorter one", () => {
    const object =
      "<Contents><Key>a</Key><Size>7</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>";
    expect(parseListing(`<ListBucketResult>${object}</ListBucketResult>\n`).objects).toHaveLength(1);
    expect(() => parseListing(`<ListBucketResult>${object}`)).toThrow("the listing has no end");
  });

  test("that never ends is left", async () => {
    let pages = 0;
    const server: Server = createServer((_, response) => {
      pages++;
      response.end(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>",
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new S3Client({ ...settingsOf(double), endpoint }, modules);
    const listing = async (): Promise<void> => {
      for await (const _ of client.list("x/")) throw new Error("there is nothing in it");
    };
    await expect(listing()).rejects.toThrow("listing");
    expect(pages).toBeLessThan(5);
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("a damaged backup", () => {
  test.each([
    ["no JSON", "{"],
    ["of another shape", '{"names":7}'],
    ["more than fits", JSON.stringify({ names: [[1, "x".repeat(100_000)]], changes: [], epochs: [] })],
  ])("a lost part whose list of contents is %s is reported, not thrown about", async (_, text) => {
    await write(engine, "g1", 5);
    await backupOf(engine, s3).round();
    const part = keysWith("/log/").find((key) => key.endsWith(".part"))!;
    const contents = part.replace(/part$/, "contents");
    double.objects.delete(part);
    double.objects.set(contents, { ...double.objects.get(contents)!, body: Buffer.from(text) });
    const reader = await readerOf(s3);
    const refused = restoreDirectory(reader, await reader.choose({}), await newFolder(), { acceptsLoss: true });
    await expect(refused).rejects.toThrow(RestoreError);
    await expect(refused).rejects.toThrow("whose records were in it");
  });

  test("a document whose newest records are lost is not passed off as what it was before them", async () => {
    const backup = backupOf(engine, s3);
    await write(engine, "g1", 3);
    await backup.round();
    const before = new Set(keysWith("/log/"));
    await write(engine, "g1", 3);
    await write(engine, "g2", 3);
    await backup.round();
    const lost = keysWith("/log/").filter((key) => key.endsWith(".part") && !before.has(key));
    expect(lost).toHaveLength(1);
    double.objects.delete(lost[0]!);
    const reader = await readerOf(s3);
    const [newest] = await reader.manifests();
    const find = findDocument(reader, named("g1"), { at: newest!.at }, { check: () => {} });
    await expect(find).rejects.toThrow("lost");
    // What is there can still be asked for.
    expect((await findDocument(reader, named("g1"), { seq: 3 }, { check: () => {} })).seq).toBe(3);
  });
});

test("a write that stores only half, as on a full disk, fails the restore, and nothing of it would be served", async () => {
  await write(engine, "g1", 20);
  await backupOf(engine, s3).round();
  const { files } = await (await readerOf(s3)).choose({});
  const longestBytes = Math.max(...files.map(({ sizeBytes }) => sizeBytes));
  const directory = await newFolder();
  const child = bundleChild("restorer", await newFolder());
  const restore = async (fileMaxBytes: string): Promise<unknown> => {
    const args = [`--fsize=${fileMaxBytes}`, process.execPath, child, JSON.stringify(settingsOf(double)), directory];
    return JSON.parse((await promisify(execFile)("prlimit", args)).stdout);
  };
  // The system stores what is within the limit, and reports less than was asked for; only the next write fails.
  expect(await restore(String(longestBytes - 100))).toEqual({ code: "EFBIG" });
  expect(await readdir(directory)).not.toContain("STORE");
  expect(await restore("unlimited")).toEqual({ documents: 1 });
});

describe("retention", () => {
  test("removes nothing while the clock of this machine is far from that of the server", async () => {
    const clock = new ManualClock();
    const own = await openStore(await newFolder(), clock);
    double.now = () => clock.wallMs() - 10 * 24 * HOUR_MS;
    const options = { retentionMs: HOUR_MS, graceMs: HOUR_MS };
    const backup = backupOf(own, clientOf(double), options, clock);
    for (let round = 0; round < 5; round++) {
      await write(own, "g1", 6, 4);
      await backup.round();
      await own.compact({ withCheckpoint: true });
      clock.advance(10 * 60_000);
    }
    const before = double.objects.size;
    clock.advance(3 * HOUR_MS);
    await backup.clean();
    expect(double.objects.size).toBe(before);
    double.now = () => clock.wallMs();
    await backup.clean();
    expect(double.objects.size).toBeLessThan(before);
    await backup.stop(1_000);
    await own.close();
  });

  test("removes what nobody names, page by page, and leaves alone what is younger than the grace", async () => {
    const backup = backupOf(engine, clientOf(double), { graceMs: HOUR_MS });
    await write(engine, "g1", 30, 7);
    await backup.round();
    const needed = new Set(double.objects.keys());
    const [storeId] = await s3.folders(keys.stores);
    for (let n = 0; n < 300; n++) {
      const part = { epoch: "000001-0000000a", from: n, to: n + 1, sha256: n.toString(16).padStart(64, "0") };
      double.objects.set(keys.store(storeId!).part("log", n, part), { body: Buffer.alloc(1), modifiedAt: 0 });
    }
    // Uploaded just now, and in no manifest yet: by another process, perhaps.
    const young = keys
      .store(storeId!)
      .part("log", 7, { epoch: "000001-0000000a", from: 0, to: 1, sha256: "f".repeat(64) });
    double.objects.set(young, { body: Buffer.alloc(1), modifiedAt: Date.now() });
    await backup.clean();
    expect(new Set(double.objects.keys())).toEqual(new Set([...needed, young]));
    await backup.stop(1_000);
  });
});

test("a manifest that no restore could read is not written, and says so", async () => {
  const backup = backupOf(engine, s3, { manifestMaxBytes: 500 });
  await write(engine, "g1", 30, 7);
  await backup.round();
  expect(backup.status.failure).toContain("manifest");
  expect(backup.status.manifest).toBe(0);
  expect(keysWith("/manifests/")).toEqual([]);
});

test.each(["https://user:hush@s3.example.com", "https://:hush@s3.example.com", "https://user:hush@:x", "hush"])(
  "no message says what stands in the endpoint %s",
  (endpoint) => {
    let message = "";
    try {
      checkS3Settings({ ...settingsOf(double), endpoint });
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      message = (error as Error).message;
    }
    expect(message).toContain("s3.endpoint");
    expect(message).not.toContain("hush");
  },
);
