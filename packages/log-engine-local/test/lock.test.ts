import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DirectoryInUse } from "../src/files/file-system.ts";
import { acquireLockFile } from "../src/files/lock-file.ts";
import { ownIdentity } from "../src/files/process-identity.ts";

const quick = { heartbeatMs: 20, silenceMs: 100 };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidewire-lock-"));
  path = join(folder, "LOCK");
});

afterEach(() => rm(folder, { recursive: true }));

/** A process that has come and gone. */
async function deadIdentity(): Promise<object> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => {
    child.on("close", resolve);
  });
  return { ...ownIdentity(), pid: child.pid! };
}

describe("the lock of a directory", () => {
  test("is held by one at a time, and leaves nothing when it is released", async () => {
    const lock = await acquireLockFile(path, quick);
    await expect(acquireLockFile(path, quick)).rejects.toThrow(DirectoryInUse);
    await expect(acquireLockFile(path, quick)).rejects.toThrow(new RegExp(`process ${process.pid} on .* uses this`));
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await acquireLockFile(path, quick)).release();
  });

  test("of a process that died is taken over at once", async () => {
    await writeFile(path, JSON.stringify(await deadIdentity()));
    const startedAt = Date.now();
    const lock = await acquireLockFile(path, { heartbeatMs: 1_000, silenceMs: 60_000 });
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    expect((JSON.parse(await readFile(path, "utf8")) as { pid: number }).pid).toBe(process.pid);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("of a dead process whose pid was given to another one is taken over too", async () => {
    await writeFile(path, JSON.stringify({ ...ownIdentity(), startTicks: "1" }));
    await (await acquireLockFile(path, quick)).release();
  });

  test("of a dead process goes to exactly one of many who want it", async () => {
    for (let round = 0; round < 5; round++) {
      await writeFile(path, JSON.stringify(await deadIdentity()));
      const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLockFile(path, quick)));
      const winners = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(DirectoryInUse);
      }
      expect(winners).toHaveLength(1);
      await winners[0]!.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  test("of a take-over that was killed does not stand in the way", async () => {
    await writeFile(path, JSON.stringify(await deadIdentity()));
    await writeFile(`${path}.takeover`, JSON.stringify(await deadIdentity()));
    await (await acquireLockFile(path, quick)).release();
  });

  test("of a holder that cannot be seen from here is respected as long as it is touched", async () => {
    const hidden = { ...ownIdentity(), token: "other", pidNamespace: "pid:[1]" };
    await writeFile(path, JSON.stringify(hidden));
    const { utimes } = await import("node:fs/promises");
    const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()), 20);
    await expect(acquireLockFile(path, quick)).rejects.toThrow(DirectoryInUse);
    clearInterval(heartbeat);
    await (await acquireLockFile(path, quick)).release();
  });

  test("that is unreadable counts as one whose holder cannot be seen", async () => {
    await writeFile(path, "half a li");
    const { utimes } = await import("node:fs/promises");
    const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()), 20);
    await expect(acquireLockFile(path, quick)).rejects.toThrow(DirectoryInUse);
    expect(await readFile(path, "utf8")).toBe("half a li");
    clearInterval(heartbeat);
    const startedAt = performance.now();
    const lock = await acquireLockFile(path, quick);
    // Node's timers may be a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(quick.silenceMs - 1);
    await lock.release();
  });

  test("is touched while it is held", async () => {
    const { stat } = await import("node:fs/promises");
    const lock = await acquireLockFile(path, quick);
    const before = (await stat(path)).mtimeMs;
    while ((await stat(path)).mtimeMs === before) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await lock.release();
  });
});
