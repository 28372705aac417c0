import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { BackupKeys, BackupReader, restoreDirectory, S3Client } from "@tidewire/backup-s3";
import { doubleCredentials, S3Double } from "@tidewire/backup-s3/testing";
import { SeededRandom, SystemClock, SystemRandom } from "@tidewire/foundation";
import { connect, type RemoteLog, StorageProcess } from "./support/storage-process.ts";

/** More with `TIDEWIRE_TEST_KILLS`. */
const kills = Number(process.env["TIDEWIRE_TEST_KILLS"] ?? 6);
const seed = Number(process.env["TIDEWIRE_TEST_SEED"] ?? 1);
const modules = { clock: new SystemClock(), random: new SystemRandom() };

let double: S3Double;
let folder: string;
const running: StorageProcess[] = [];
beforeEach(async () => {
  double = await new S3Double().start();
  folder = await mkdtemp(join(tmpdir(), "tidewire-log-backup-"));
});
afterEach(async () => {
  for (const process of running.splice(0)) await process.kill("SIGKILL");
  await double.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(name: string, more: Readonly<Record<string, string>> = {}): StorageProcess {
  const flags = {
    "s3.endpoint": double.endpoint,
    "s3.bucket": "tidewire-test",
    "s3.accessKeyId": doubleCredentials.accessKeyId,
    "s3.secretAccessKey": doubleCredentials.secretAccessKey,
    "s3.every": "50ms",
    ...more,
  };
  const process = new StorageProcess(join(folder, name), "127.0.0.1:0", flags);
  running.push(process);
  return process;
}

function client(): S3Client {
  const settings = { endpoint: double.endpoint, region: "us-east-1", bucket: "tidewire-test" };
  return new S3Client({ ...settings, addressing: "path", credentials: doubleCredentials }, modules);
}

async function restore(name: string): Promise<void> {
  const reader = await BackupReader.open(client(), new BackupKeys("", "tidewire"));
  const report = await restoreDirectory(reader, await reader.choose({}), join(folder, name), { acceptsLoss: false });
  expect(report.affected).toEqual([]);
}

/** Resolves at the next request whose key matches. */
function nextRequest(pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    const before = double.fault;
    double.fault = (request) => {
      if (request.method === "PUT" && pattern.test(request.key)) resolve();
      return before(request);
    };
  });
}

/** Appends `count` records to each of three documents, and notes what was acknowledged. */
async function append(log: RemoteLog, acknowledged: Map<string, number>, count: number): Promise<void> {
  await Promise.all(
    ["a", "b", "c"].map(async (key) => {
      const document = { space: "board-game", key };
      const { epoch, seq: head } = await log.engine.open(document, "host-a");
      for (let seq = head + 1; seq <= head + count; seq++) {
        const data = Buffer.from(`${key} ${seq} `.padEnd(2_000, "."));
        await log.engine.append(document, { epoch, expectedSeq: seq - 1, seq, data });
        acknowledged.set(key, seq);
        if (seq % 50 === 0) await log.engine.snapshot(document, { epoch, seq, data });
      }
    }),
  );
}

async function heads(address: string): Promise<Record<string, number>> {
  const log = connect(address);
  try {
    const listed = await log.engine.list("board-game", { limit: 100 });
    return Object.fromEntries(listed.map(({ key, seq }) => [key, seq]));
  } finally {
    await log.close();
  }
}

describe("log-storage with a backup", () => {
  test(
    "killed at random points of the upload: what it goes on with, and what is restored, is right",
    async () => {
      const random = new SeededRandom(seed);
      const acknowledged = new Map<string, number>();
      for (let round = 0; round < kills; round++) {
        const process = start("log");
        const log = connect(await process.address());
        const strikes = ["epochs", "part", "contents", "manifests"] as const;
        const struck = nextRequest(new RegExp(strikes[random.below(strikes.length)]!));
        const appended = append(log, acknowledged, 1_000).catch(() => {});
        await struck;
        await process.kill("SIGKILL");
        await log.close();
        await appended;
        double.fault = () => undefined;
      }
      const last = start("log");
      const address = await last.address();
      const log = connect(address);
      await append(log, acknowledged, 5);
      await log.close();
      const expected = await heads(address);
      for (const [key, seq] of acknowledged) expect(expected[key]).toBe(seq);
      // An orderly end uploads what there is.
      expect((await last.kill("SIGTERM")).code).toBe(0);
      await restore("restored");
      const restored = start("restored");
      expect(await heads(await restored.address())).toEqual(expected);
    },
    60_000 + kills * 5_000,
  );

  test("starts, serves and stops while S3 is away", async () => {
    double.fault = () => ({ kind: "status", status: 503, code: "SlowDown" });
    const process = start("log", { "s3.every": "10ms" });
    const acknowledged = new Map<string, number>();
    const log = connect(await process.address());
    await append(log, acknowledged, 20);
    await log.close();
    expect(acknowledged.get("c")).toBe(20);
    // Ready all the same; the reason is there for whoever looks, after the last attempt of a request.
    const readyz = `http://${await process.adminAddress()}/readyz`;
    for (let body = ""; !body.includes("503 SlowDown"); ) {
      const response = await fetch(readyz);
      expect(response.status).toBe(200);
      body = await response.text();
    }
    double.fault = () => ({ kind: "stall" });
    expect((await process.kill("SIGTERM")).code).toBe(0);
    expect(double.objects.size).toBe(0);
  }, 60_000);

  test("tells how far it is behind, also while a request gets no answer", async () => {
    const process = start("log", { "s3.every": "10ms" });
    const metrics = `http://${await process.adminAddress()}/metrics`;
    const lag = async (unit: "bytes" | "seconds"): Promise<number> => {
      const text = await (await fetch(metrics)).text();
      return Number(new RegExp(`^tidewire_backup_s3_lag_${unit}(?:{[^}]*})? (\\S+)$`, "m").exec(text)?.[1]);
    };
    const log = connect(await process.address());
    const isStored = nextRequest(/manifests/);
    await append(log, new Map(), 5);
    await isStored;
    while ((await lag("bytes")) !== 0) expect(await lag("seconds")).toBeLessThan(30);
    const uploading = nextRequest(/part|contents/);
    const planned = double.fault;
    double.fault = (request) => planned(request) ?? { kind: "stall" };
    await append(log, new Map(), 20);
    await uploading;
    await log.close();
    // One request is all that is under way, and it has 30 s.
    while ((await lag("seconds")) < 3) expect(double.requests.length).toBeLessThan(1_000);
    expect(await lag("bytes")).toBeGreaterThan(0);
    expect((await process.kill("SIGTERM")).code).toBe(0);
  }, 60_000);

  test("what belongs to the log beside it is restored, too", async () => {
    const shard = { "storage.shard.index": "1", "storage.shard.count": "3" };
    const process = start("log", shard);
    const document = { space: "board-game", key: "a" };
    const log = connect(await process.address());
    await log.engine.heads([document]);
    await log.close();
    expect((await process.kill("SIGTERM")).code).toBe(0);
    await restore("restored");
    const other = await start("restored").exited;
    expect(other.stderr).toContain("holds shard 1 of 3");
    expect(await start("restored", shard).address()).toContain("127.0.0.1");
  }, 60_000);

  test.each([
    ["no key", { "s3.accessKeyId": "", "s3.secretAccessKey": "" }, "s3.accessKeyId"],
    [
      "a file that is not there",
      { "s3.secretAccessKeyFile": "/nowhere", "s3.secretAccessKey": "" },
      "s3.secretAccessKeyFile",
    ],
    ["an endpoint that is none", { "s3.endpoint": "s3.example.com" }, "s3.endpoint"],
    ["a prefix without a slash", { "s3.prefix": "backups" }, "s3.prefix"],
  ])("refuses %s with one line", async (_, flags: Record<string, string>, text) => {
    const { code, stderr } = await start("log", flags).exited;
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toContain(doubleCredentials.secretAccessKey);
  });
});
