import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type BackupPart, epochName, type StoreKeys } from "../src/store/backup-keys.ts";
import type { ListedManifest } from "../src/store/find-manifests.ts";
import { encodeManifest } from "../src/store/manifest.ts";
import { S3Double } from "../src/testing.ts";
import { Cleaner } from "../src/upload/cleaner.ts";
import { NamedParts } from "../src/upload/named-parts.ts";
import { expiredManifests } from "../src/upload/retention.ts";
import { clientOf } from "./support/s3-servers.ts";
import { backupOf, keys, newFolder, openStore, removeFolders, write } from "./support/test-store.ts";

const HOUR_MS = 3_600_000;
const epoch = epochName(1, "0000000a");
const options = { retentionMs: 24 * HOUR_MS, graceMs: HOUR_MS, retentionManifests: 2 };

describe("manifests that expire", () => {
  const now = 1_000 * HOUR_MS;

  function listed(...agoHours: number[]): ListedManifest[] {
    return agoHours.map((ago, index) => {
      const at = now - ago * HOUR_MS;
      return { epoch, number: agoHours.length - index, at, sha256: "", key: `at ${ago}`, modifiedAt: at };
    });
  }

  function expired(isContinued: boolean, ...agoHours: number[]): string[] {
    return expiredManifests(listed(...agoHours), isContinued, now, options).map(({ key }) => key);
  }

  test("are those beyond retention and grace, and between the hours", () => {
    expect(expired(true, 0.1, 0.2, 0.3)).toEqual([]);
    // The hours begin with the whole ones: of each the first stays.
    expect(expired(true, 0.5, 1.2, 1.4, 1.9, 2.5)).toEqual(["at 1.2", "at 1.4"]);
    expect(expired(true, 2.5, 25, 25.1, 40)).toEqual(["at 25.1", "at 40"]);
  });

  test("are never the last ones of an epoch that nobody went on with", () => {
    expect(expired(false, 100, 200, 300)).toEqual(["at 300"]);
    expect(expired(true, 100, 200, 300)).toEqual(["at 100", "at 200", "at 300"]);
  });
});

describe("the parts that manifests name", () => {
  const kept = (...numbers: number[]): ReadonlyMap<string, readonly number[]> => new Map([[epoch, numbers]]);

  test("are named by all between the first and the last that do, in whatever order they are read", async () => {
    for (const order of [
      [3, 5, 7],
      [7, 5, 3],
      [5, 7, 3],
    ]) {
      const named = new NamedParts();
      for (const number of order) named.add({ epoch, number }, ["part"]);
      for (const number of [3, 4, 7])
        expect([order, number, named.has("part", kept(number))]).toEqual([order, number, true]);
      for (const number of [2, 8])
        expect([order, number, named.has("part", kept(number))]).toEqual([order, number, false]);
      expect(named.has("part", kept(1, 2, 6, 9))).toBe(true);
      expect(named.has("part", new Map())).toBe(false);
      expect(named.has("other", kept(5))).toBe(false);
      await named.retain(kept(2, 8));
      expect(named.has("part", kept(5))).toBe(false);
    }
  });
});

describe("the cleaner", () => {
  let double: S3Double;
  beforeEach(async () => {
    double = await new S3Double().start();
  });
  afterEach(async () => {
    await double.stop();
    await removeFolders();
  });

  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

  function partOf(id: number): BackupPart {
    return { epoch, from: 0, to: 10, sha256: hash(String(id)) };
  }

  async function plantManifest(store: StoreKeys, number: number, ids: readonly number[]): Promise<void> {
    const files = ids.map((id) => ({ kind: "log" as const, id, sizeBytes: 10, isSealed: true, parts: [partOf(id)] }));
    const at = Date.now();
    const head = { cluster: "test", storeId: "s", epoch, number, at, node: "n", store: "", sideFiles: {} };
    const { bytes, sha256 } = await encodeManifest({ ...head, files });
    double.objects.set(store.manifest({ epoch, number, at, sha256 }), { body: bytes, modifiedAt: at });
  }

  test("leaves alone what came into use after it had looked", async () => {
    const store = keys.store("ff".repeat(16));
    const [named, byALaterManifest, byTheNextOne, byNobody] = [1, 2, 3, 4];
    for (const id of [named, byALaterManifest, byTheNextOne, byNobody]) {
      double.objects.set(store.part("log", id, partOf(id)), { body: Buffer.alloc(10), modifiedAt: 0 });
      double.objects.set(store.contents(id, partOf(id)), { body: Buffer.from("{}"), modifiedAt: 0 });
    }
    await plantManifest(store, 1, [named]);
    let listings = 0;
    let planted: Promise<void> | undefined;
    double.fault = ({ method, key }) => {
      // The epochs, the manifests of the only one, and then all there is.
      if (method === "GET" && key === "" && ++listings === 3) {
        planted = plantManifest(store, 2, [named, byALaterManifest]);
      }
      return undefined;
    };
    const cleaner = new Cleaner(clientOf(double), store, options);
    const removed = await cleaner.clean(Date.now(), () => [store.part("log", byTheNextOne, partOf(byTheNextOne))]);
    await planted;
    expect(removed).toBe(2);
    const left = [...double.objects.keys()].map((key) => store.partOf(store.partKeyOf(key))?.id);
    expect(left.filter((id) => id !== undefined)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  test("removes nothing for a process whose epoch is not the newest", async () => {
    const engine = await openStore(await newFolder());
    const [older, newer] = [backupOf(engine, clientOf(double)), backupOf(engine, clientOf(double))];
    await write(engine, "g1", 5);
    await older.round();
    await write(engine, "g1", 5);
    await newer.round();
    const [storeId] = await clientOf(double).folders(keys.stores);
    const unnamed = keys.store(storeId as string).part("log", 77, partOf(77));
    double.objects.set(unnamed, { body: Buffer.alloc(10), modifiedAt: 0 });
    await older.clean();
    expect([older.status.isSuperseded, double.objects.has(unnamed)]).toEqual([true, true]);
    await newer.clean();
    expect([newer.status.isSuperseded, double.objects.has(unnamed)]).toEqual([false, false]);
    await engine.close();
  });
});
