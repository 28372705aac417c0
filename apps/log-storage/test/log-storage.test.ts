import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connect, StorageProcess } from "./support/storage-process.ts";

const TIMEOUT_MS = 60_000;
const game = { space: "board-game", key: "g1" };

let folder: string;
const running: StorageProcess[] = [];

function start(directory = join(folder, "log"), listen?: string): StorageProcess {
  const storage = new StorageProcess(directory, listen);
  running.push(storage);
  return storage;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidewire-log-storage-"));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((storage) => storage.kill("SIGKILL")));
  await rm(folder, { recursive: true });
});

describe("the process", () => {
  test(
    "keeps what it acknowledged through kill -9",
    async () => {
      const first = start();
      const before = connect(await first.address());
      const { epoch } = await before.engine.open(game, "host-a");
      for (let seq = 1; seq <= 50; seq++) {
        const data = Buffer.from(`patch ${seq}`);
        await before.engine.append(game, { epoch, expectedSeq: seq - 1, seq, data, wakeAt: 1_000 + seq });
      }
      await before.engine.snapshot(game, { epoch, seq: 40, data: Buffer.from("state 40") });
      expect((await first.kill("SIGKILL")).signal).toBe("SIGKILL");
      await before.close();

      const second = start();
      const after = connect(await second.address());
      const late = after.engine.append(game, { epoch: epoch + 1, expectedSeq: 50, seq: 51, data: Buffer.from("x") });
      await expect(late).rejects.toMatchObject({ code: "fenced", details: { epoch, seq: 50 } });
      const opened = await after.engine.open(game, "host-b");
      expect([opened.seq, opened.epoch, opened.snapshot?.seq]).toEqual([50, epoch + 1, 40]);
      expect(Buffer.from(opened.snapshot!.data).toString()).toBe("state 40");
      expect(opened.patches.map(({ data }) => Buffer.from(data).toString())).toEqual(
        Array.from({ length: 10 }, (_, index) => `patch ${41 + index}`),
      );
      expect(await after.engine.due({ before: 2_000, limit: 5 })).toEqual([{ document: game, wakeAt: 1_050 }]);
      await after.close();
    },
    TIMEOUT_MS,
  );

  test(
    "tells a host over its link that it has lost a document",
    async () => {
      const storage = start();
      const address = await storage.address();
      const a = connect(address, "host-a");
      const b = connect(address, "host-b");
      const fenced = new Promise<[string, number]>((resolve) => {
        a.engine.watchFenced("host-a", (document, epoch) => resolve([document.key, epoch]));
      });
      await a.engine.open(game, "host-a");
      const { epoch } = await b.engine.open(game, "host-b");
      expect(await fenced).toEqual(["g1", epoch]);
      await a.close();
      await b.close();
    },
    TIMEOUT_MS,
  );

  test(
    "ends in order on SIGTERM, and starts again on the same folder",
    async () => {
      const first = start();
      const before = connect(await first.address());
      await before.engine.open(game, "host-a");
      const { code, stderr } = await first.kill("SIGTERM");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      await before.close();
      await start().address();
    },
    TIMEOUT_MS,
  );
});

describe("what keeps it from starting is one line that says what to do", () => {
  async function refusal(storage: StorageProcess): Promise<string> {
    const { code, stderr } = await storage.exited;
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    return stderr;
  }

  test(
    "another process on the folder",
    async () => {
      await start().address();
      const second = await refusal(start());
      expect(second).toMatch(/cannot use storage\.directory .*: process \d+ on .* uses this directory .*stop it, or/);
    },
    TIMEOUT_MS,
  );

  test(
    "a file where the folder should be",
    async () => {
      await writeFile(join(folder, "log"), "");
      expect(await refusal(start())).toMatch(/cannot use storage\.directory .*: there is a file of that name/);
    },
    TIMEOUT_MS,
  );

  test(
    "a folder that cannot be written to",
    async () => {
      // Permissions do not stop root, but nobody can make folders in /proc.
      const directory = process.getuid?.() === 0 ? "/proc/tidewire" : join(folder, "log");
      await chmod(folder, 0o500);
      expect(await refusal(start(directory))).toMatch(/cannot use storage\.directory /);
      await chmod(folder, 0o700);
    },
    TIMEOUT_MS,
  );

  test(
    "a store of another format",
    async () => {
      const directory = join(folder, "log");
      const first = start(directory);
      await first.address();
      await first.kill("SIGTERM");
      await writeFile(join(directory, "STORE"), "tidewire-log format 9 store 00 crc 00\n");
      expect(await refusal(start(directory))).toMatch(/STORE is damaged; restore it from a backup/);
    },
    TIMEOUT_MS,
  );

  test(
    "a port that is taken",
    async () => {
      const address = await start().address();
      expect(await refusal(start(join(folder, "other"), address))).toMatch(/link\.listen/);
    },
    TIMEOUT_MS,
  );
});
