import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { ManualClock } from "@tidewire/foundation";
import { BackupKeys, type S3Settings } from "../src/index.ts";
import { parseListing } from "../src/s3/listing.ts";
import { objectUrl } from "../src/s3/s3-settings.ts";
import { type BackupPart, epochName, epochNumber } from "../src/store/backup-keys.ts";
import { decodeManifest, encodeManifest } from "../src/store/manifest.ts";
import { BackupPressure } from "../src/upload/backup-pressure.ts";
import { ByteRate } from "../src/upload/byte-rate.ts";
import { nextPart } from "../src/upload/part-plan.ts";
import { readRange } from "../src/upload/read-range.ts";

const MIB = 1024 * 1024;
const limits = { partMaxBytes: 4 * MIB, joinMaxBytes: 2 * MIB };
const hash = "ab".repeat(32);

function part(from: number, to: number): BackupPart {
  return { epoch: epochName(1, "0000000a"), from, to, sha256: hash };
}

/** Uploads a file that grows by this much each round. */
function grown(rounds: number, bytes: number): { readonly parts: BackupPart[]; readonly uploadedBytes: number } {
  let parts: BackupPart[] = [];
  let uploadedBytes = 0;
  for (let round = 1; round <= rounds; round++) {
    for (
      let next = nextPart(parts, round * bytes, limits);
      next !== undefined;
      next = nextPart(parts, round * bytes, limits)
    ) {
      parts = [...parts.slice(0, next.keeps), part(next.from, next.to)];
      uploadedBytes += next.to - next.from;
    }
  }
  return { parts, uploadedBytes };
}

describe("parts of a growing file", () => {
  test.each([
    ["a trickle", 5_000, 300],
    ["a quiet log", 200, 50_000],
    ["a busy log", 8, 8 * MIB],
  ])("%s: few parts, each byte sent a few times", (_, rounds, bytes) => {
    const { parts, uploadedBytes } = grown(rounds, bytes);
    const size = rounds * bytes;
    expect(parts[0]?.from).toBe(0);
    for (let index = 1; index < parts.length; index++) expect(parts[index]!.from).toBe(parts[index - 1]!.to);
    expect(parts.at(-1)?.to).toBe(size);
    expect(parts.length).toBeLessThanOrEqual(size / MIB + Math.log2(rounds) + 1);
    expect(uploadedBytes).toBeLessThanOrEqual(size * (Math.log2(rounds) + 1));
  });

  test("one that has not grown has no next part", () => {
    expect(nextPart([part(0, 100)], 100, limits)).toBeUndefined();
    expect(nextPart([], 0, limits)).toBeUndefined();
  });
});

describe("names", () => {
  const settings: S3Settings = {
    endpoint: "https://s3.example.com",
    region: "eu-test-1",
    bucket: "bucket",
    addressing: "path",
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
  };
  const store = new BackupKeys("a/b.c/", "prod").store("ff".repeat(16));

  test("say what they are, and are read back", () => {
    const key = store.part("log", 42, part(0, 4_096));
    expect(key).toBe(`a/b.c/v1/prod/${"ff".repeat(16)}/000001-0000000a/log/000000000042/0-4096-${hash}.part`);
    expect(store.partOf(key)).toEqual({ ...part(0, 4_096), kind: "log", id: 42 });
    expect(store.partKeyOf(store.contents(42, part(0, 4_096)))).toBe(key);
    const name = { epoch: epochName(7, "0000000b"), number: 3, at: 1_700_000_000_000, sha256: hash };
    expect(store.manifestOf(store.manifest(name))).toEqual(name);
    expect(store.partOf(store.manifest(name))).toBeUndefined();
    expect(epochNumber("000007-0000000b")).toBe(7);
    expect(epochNumber("epochs")).toBeUndefined();
  });

  test.each(["no-slash", "/x/", "a//", "a b/", "../", "a/../", "./", "a/./b/"])(
    "the prefix %s is refused",
    (prefix) => {
      expect(() => new BackupKeys(prefix, "prod")).toThrow("s3.prefix");
    },
  );

  test.each(["", ".../", ".a/", "a../b/"])("the prefix %s stays within the bucket", (prefix) => {
    const { pathname } = objectUrl(settings, new BackupKeys(prefix, "prod").stores);
    expect(pathname).toBe(`/bucket/${prefix}v1/prod/`);
  });

  test.each(["", "a/b", "x".repeat(65)])("the cluster %s is refused", (cluster) => {
    expect(() => new BackupKeys("", cluster)).toThrow("s3.cluster");
  });
});

describe("a manifest", () => {
  const file = { kind: "log" as const, id: 1, sizeBytes: 200, isSealed: true, parts: [part(0, 100), part(100, 200)] };
  const manifest = {
    cluster: "prod",
    storeId: "ff".repeat(16),
    epoch: epochName(1, "0000000a"),
    number: 1,
    at: 5,
    node: "log-0",
    store: "text\n",
    sideFiles: { "SHARD.json": "{}" },
    files: [file],
  };

  test("is read back as it was written", async () => {
    const { bytes, sha256 } = await encodeManifest(manifest);
    expect(decodeManifest(bytes, sha256)).toEqual(manifest);
  });

  test.each([0, 1, 255, 256, 257, 5_000])("of %d files is read back, too", async (count) => {
    const files = Array.from({ length: count }, (_, id) => ({ ...file, id }));
    const { bytes, sha256 } = await encodeManifest({ ...manifest, files });
    expect(decodeManifest(bytes, sha256)).toEqual({ ...manifest, files });
  });

  test("of thousands of files without parts, and side files full of brackets, is one all the same", async () => {
    const files = Array.from({ length: 20_000 }, (_, id) => ({ ...file, id, sizeBytes: 0, parts: [] }));
    const sideFiles = { "SHARD.json": "[{,".repeat(20_000) };
    const { bytes, sha256 } = await encodeManifest({ ...manifest, sideFiles, files });
    expect(decodeManifest(bytes, sha256)).toEqual({ ...manifest, sideFiles, files });
  });

  test("of a large log is written while others have their turns", async () => {
    const files = Array.from({ length: 20_000 }, (_, id) => ({ ...file, id }));
    let isWritten = false;
    let turns = 0;
    const takeTurn = (): void => {
      turns++;
      if (!isWritten) setImmediate(takeTurn);
    };
    setImmediate(takeTurn);
    await encodeManifest({ ...manifest, files });
    isWritten = true;
    // 60,000 parts and rows of 256 each, and some MB that are put together.
    expect(turns).toBeGreaterThan(200);
  });

  test.each([
    ["a gap", [part(0, 100), part(120, 200)]],
    ["an end that is not the file's", [part(0, 100)]],
    ["a part of nothing", [part(0, 0), part(0, 200)]],
  ])("with %s is refused", async (_, parts) => {
    const { bytes, sha256 } = await encodeManifest({ ...manifest, files: [{ ...file, parts }] });
    expect(() => decodeManifest(bytes, sha256)).toThrow("the parts of log 1");
  });
});

describe("listings", () => {
  test("unescape what XML escapes", () => {
    const xml =
      "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b&#x26;&#99;</Key>" +
      "<LastModified>2026-01-02T03:04:05.000Z</LastModified><Size>7</Size></Contents></ListBucketResult>";
    const { objects } = parseListing(xml);
    expect(objects).toEqual([{ key: "a&b&c", sizeBytes: 7, modifiedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }]);
  });

  test("are not made up from something else", () => {
    expect(() => parseListing("<html>sign in</html>")).toThrow("no listing");
  });
});

test("a rate lets a burst through and then no more than it says", async () => {
  const clock = new ManualClock();
  const rate = new ByteRate(clock, 1_000);
  let taken = 0;
  void (async () => {
    for (;;) {
      await rate.take(100);
      taken += 100;
    }
  })();
  await clock.advanceAsync(0);
  expect(taken).toBeLessThanOrEqual(400);
  await clock.advanceAsync(10_000);
  expect(taken).toBeGreaterThanOrEqual(9_900);
  expect(taken).toBeLessThanOrEqual(10_400);
});

test("a file that loses its name while it is read may have been written over: nothing of it counts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-backup-"));
  const path = join(folder, "segment");
  writeFileSync(path, Buffer.alloc(600_000, "s"));
  for (const isRenamed of [false, true]) {
    const clock = new ManualClock();
    const reading = readRange(path, 0, 600_000, new ByteRate(clock, 100_000));
    const outcome = reading.then(
      ({ length }) => length,
      (error: unknown) => (error as { readonly code: string }).code,
    );
    // It is open, and waits for its rate.
    while (clock.pendingTimers === 0) await new Promise((resolve) => void setImmediate(resolve));
    if (isRenamed) renameSync(path, `${path}.spare`);
    let isOver = false;
    void outcome.then(() => (isOver = true));
    while (!isOver) {
      clock.advance(1_000);
      await new Promise((resolve) => void setImmediate(resolve));
    }
    expect(await outcome).toBe(isRenamed ? "ENOENT" : 600_000);
  }
  rmSync(folder, { recursive: true });
});

describe("pressure", () => {
  const fine = { pendingBytes: 0, pendingMs: 0, freeShare: 0.5 };

  test.each([
    ["pending_bytes", { ...fine, pendingBytes: 1_001 }],
    ["pending_age", { ...fine, pendingMs: 100_001 }],
    ["disk_room", { ...fine, pendingMs: 60_001, freeShare: 0.05 }],
  ])("%s: behind once, and recovered when it is well over", (reason, load) => {
    const pressure = new BackupPressure({ pendingMaxBytes: 1_000, pendingMaxMs: 100_000, freeMinShare: 0.1 });
    expect(pressure.assess(fine)).toBe("unchanged");
    expect(pressure.assess(load)).toBe("behind");
    expect(pressure.reason).toBe(reason);
    expect(pressure.assess(load)).toBe("unchanged");
    expect(pressure.assess({ ...fine, pendingBytes: 501 })).toBe("unchanged");
    expect(pressure.assess({ ...fine, pendingBytes: 499 })).toBe("recovered");
    expect(pressure.isBehind).toBe(false);
  });

  test("a full disk alone is no reason while uploads go through", () => {
    const pressure = new BackupPressure({ pendingMaxBytes: 1_000, pendingMaxMs: 100_000, freeMinShare: 0.1 });
    expect(pressure.assess({ ...fine, pendingMs: 10_000, freeShare: 0.01 })).toBe("unchanged");
  });
});
