import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { fsck } from "@tidewire/log-engine-local";
import { RestoreIncomplete, restoreDirectory, S3Client } from "../src/index.ts";
import { type RealServer, realServers } from "./support/real-servers.ts";
import { modules } from "./support/s3-servers.ts";
import {
  backupOf,
  contentsOf,
  keys,
  newFolder,
  openStore,
  readerOf,
  removeFolders,
  write,
} from "./support/test-store.ts";

afterEach(removeFolders);

test("those of this machine are known; on CI a missing one has failed already", () => {
  expect(realServers.length).toBeLessThanOrEqual(2);
});

describe.each(realServers)("%s", (name, start) => {
  let server: RealServer;
  let s3: S3Client;
  beforeAll(async () => {
    server = await start();
    s3 = new S3Client(server.settings, modules);
    // Longer than all of its processes may take, each of which tells what it waits for.
  }, 400_000);
  // It is undefined if it did not start; its processes are stopped then.
  afterAll(() => (server as RealServer | undefined)?.stop());

  test("knows our signatures, bodies and listings", async () => {
    const names = Array.from({ length: 12 }, (_, n) => `plain/${n % 3}/key-${String(n).padStart(2, "0")}.part`);
    for (const key of names) expect(await s3.put(key, Buffer.from(`body of ${key}`))).toBe("stored");
    const large = Buffer.alloc(5 * 1024 * 1024, "0123456789");
    await s3.put("plain/large", large);
    expect((await s3.get("plain/large"))?.equals(large)).toBe(true);
    const listed: string[] = [];
    for await (const { key, sizeBytes, modifiedAt } of s3.list("plain/1/")) {
      listed.push(key);
      expect(sizeBytes).toBe(`body of ${key}`.length);
      expect(Math.abs(modifiedAt - Date.now())).toBeLessThan(60_000);
    }
    expect(listed).toEqual(names.filter((key) => key.startsWith("plain/1/")).sort());
    expect((await s3.folders("plain/")).sort()).toEqual(["0", "1", "2"]);
    await s3.remove("plain/large");
    expect(await s3.get("plain/large")).toBeUndefined();
    await s3.remove("plain/large");
  }, 60_000);

  test("refuses a wrong secret, and a body that is not the one signed", async () => {
    const credentials = { ...server.settings.credentials, secretAccessKey: "not-the-secret" };
    const wrong = new S3Client({ ...server.settings, credentials }, modules);
    await expect(wrong.put("wrong", Buffer.from("1"))).rejects.toMatchObject({ status: 403 });
    const changed = s3.put("changed", Buffer.from("1"), { sha256: "0".repeat(64) });
    await expect(changed).rejects.toMatchObject({ name: "S3Error" });
    expect(await s3.get("changed")).toBeUndefined();
  }, 60_000);

  test("takes a backup and gives it back, byte for byte what was acknowledged", async () => {
    const engine = await openStore(await newFolder());
    const backup = backupOf(engine, new S3Client(server.settings, modules));
    for (let round = 0; round < 4; round++) {
      for (const key of ["g1", "g2", `only-${round}`]) await write(engine, key, 12, 5);
      await backup.round();
      expect(backup.status.failure).toBeUndefined();
      await engine.compact({ withCheckpoint: round % 2 === 1 });
    }
    const reader = await readerOf(s3);
    const directory = await newFolder();
    const report = await restoreDirectory(reader, await reader.choose({}), directory, { acceptsLoss: false });
    expect(report).toMatchObject({ documents: 6, affected: [] });
    expect((await fsck(directory)).problems).toEqual([]);
    const restored = await openStore(directory);
    expect(await contentsOf(restored)).toEqual(await contentsOf(engine));
    await restored.close();

    // One lost object, on a server that is not of our making.
    const manifest = await reader.choose({});
    const file = manifest.files.filter(({ kind }) => kind === "log").sort((a, b) => b.id - a.id)[0]!;
    await s3.remove(keys.store(manifest.storeId).part("log", file.id, file.parts.at(-1)!));
    const refused = restoreDirectory(reader, manifest, await newFolder(), { acceptsLoss: false });
    await expect(refused).rejects.toThrow(RestoreIncomplete);
    await engine.close();
  }, 120_000);

  test("two copies of one store at once are kept apart, whatever it makes of conditional puts", async () => {
    const engine = await openStore(await newFolder());
    await write(engine, "g1", 5);
    const backups = [0, 1, 2].map(() => backupOf(engine, new S3Client(server.settings, modules)));
    await Promise.all(backups.map((backup) => backup.round()));
    for (const { status } of backups) expect(status.failure).toBeUndefined();
    const epochs = backups.map(({ status }) => status.epoch!);
    expect(new Set(epochs).size).toBe(3);
    // MinIO refuses to overwrite, Swift says that it cannot.
    if (name === "MinIO") expect(new Set(epochs.map((epoch) => epoch.slice(0, 6))).size).toBe(3);
    await engine.close();
  }, 120_000);
});
