import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { shardOf } from "@tidewire/log-engine";
import { addressOf, connectAsHost, type JsonProcess, startLogStorage, tidewireLog } from "./support/log-processes.ts";
import { Writers } from "./support/writers.ts";

const TIMEOUT_MS = 120_000;
const busy = Array.from({ length: 30 }, (_, index) => ({ space: "board-game", key: `busy-${index}` }));
const quiet = Array.from({ length: 1_500 }, (_, index) => ({ space: "chat-room", key: `quiet-${index}` }));

let folder: string;
const running: JsonProcess[] = [];
const closing: (() => Promise<void>)[] = [];

function started(storage: JsonProcess): JsonProcess {
  running.push(storage);
  return storage;
}

async function startTargets(count: number): Promise<{ processes: JsonProcess[]; addresses: string[] }> {
  const processes = Array.from({ length: count }, (_, index) =>
    started(startLogStorage(join(folder, `target-${index}`), { index, count })),
  );
  return { processes, addresses: await Promise.all(processes.map(addressOf)) };
}

function host(addresses: readonly string[], nodeId?: string) {
  const links = connectAsHost(addresses, nodeId);
  closing.push(() => links.close());
  return links;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tidewire-migrate-"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await Promise.all(running.splice(0).map((each) => each.kill()));
  rmSync(folder, { recursive: true, force: true });
});

describe("tidewire log migrate", () => {
  test(
    "moves one log to three shards under load, killed in the middle and run again: nothing acknowledged is lost",
    async () => {
      const source = started(startLogStorage(join(folder, "source"), { index: 0, count: 1 }));
      const from = await addressOf(source);
      const atSource = host([from]);
      const waiting = [...quiet];
      const seed = async (): Promise<void> => {
        for (let document = waiting.pop(); document !== undefined; document = waiting.pop()) {
          const { epoch } = await atSource.engine.open(document, "host-a");
          const data = Buffer.alloc(2_000, document.key);
          await atSource.engine.append(document, { epoch, expectedSeq: 0, seq: 1, data, wakeAt: 5_000 });
        }
      };
      // A busy disk does not take all of them at one time.
      await Promise.all(Array.from({ length: 20 }, seed));
      const gone = quiet[0]!;
      const { epoch } = await atSource.engine.open(gone, "host-b");
      const deletion = { epoch, expectedSeq: 1, seq: 2, data: Buffer.alloc(0), deletes: true };
      await atSource.engine.append(gone, deletion);
      const writers = new Writers(atSource.engine, busy);
      closing.push(() => writers.stop());

      const { addresses: to } = await startTargets(3);
      const places = ["--from", from, "--to", to.join(",")];
      const dry = tidewireLog("migrate", ...places, "--dry-run");
      expect(await dry.line(({ event }) => event === "survey")).toMatchObject({ documents: 1_530, differing: 1_530 });
      expect(await dry.exited).toBe(0);

      const first = tidewireLog("migrate", ...places);
      const atTarget = host(to, "host-z");
      const copied = async () => (await atTarget.engine.list("chat-room", { limit: 2_000 })).length;
      await until(async () => (await copied()) > 50);
      await first.kill("SIGKILL");
      expect([await first.exited, (await copied()) < 1_400]).toEqual(["SIGKILL", true]);
      const early = atTarget.engine.open(busy[0]!, "host-z");
      await expect(early).rejects.toMatchObject({ code: "unavailable", details: { reason: "sealed" } });
      const before = writers.total;
      await until(async () => writers.total > before + 100);

      const second = tidewireLog("migrate", ...places, "--cut-over");
      const moved = await second.line(({ event }) => event === "moved");
      expect(await second.exited).toBe(0);
      const refusal = atSource.engine.open(busy[1]!, "host-b");
      await expect(refusal).rejects.toMatchObject({ details: { reason: "sealed", movedTo: to.join(",") } });
      writers.switchTo(host(to).engine);
      const atMove = writers.total;
      await until(async () => writers.total > atMove + 200);
      await writers.stop();
      expect(await writers.missing(atTarget.engine)).toEqual([]);
      expect([writers.refused > 0, typeof moved["pauseMs"]]).toEqual([true, "number"]);

      const heads = await atTarget.engine.heads(quiet);
      expect(heads.filter(({ isDeleted, seq, epoch: its }) => isDeleted && seq === 2 && its === 2)).toHaveLength(1);
      expect(heads.filter(({ seq, wakeAt }) => seq === 1 && wakeAt === 5_000)).toHaveLength(1_499);
      expect(await atTarget.engine.due({ before: 9_000, limit: 2_000 })).toHaveLength(1_499);
      const stale = { epoch: 1, expectedSeq: 2, seq: 3, data: Buffer.alloc(1) };
      await expect(atTarget.engine.append(gone, stale)).rejects.toMatchObject({ code: "fenced" });

      // Sealed for good: also after a crash.
      await source.kill("SIGKILL");
      const again = started(startLogStorage(join(folder, "source"), { index: 0, count: 1 }));
      const lateHost = host([await addressOf(again)]);
      await expect(lateHost.engine.open(busy[1]!, "host-b")).rejects.toMatchObject({ details: { reason: "sealed" } });
    },
    TIMEOUT_MS,
  );

  test(
    "reads the folder of a stopped log, and its own result again into another number of shards",
    async () => {
      const source = started(startLogStorage(join(folder, "source"), { index: 0, count: 1 }));
      const atSource = host([await addressOf(source)]);
      const some = quiet.slice(0, 40);
      for (const document of some) {
        const { epoch } = await atSource.engine.open(document, "host-a");
        await atSource.engine.append(document, { epoch, expectedSeq: 0, seq: 1, data: Buffer.from(document.key) });
      }
      await source.kill("SIGTERM");
      const { addresses: to } = await startTargets(2);
      const migrate = tidewireLog("migrate", "--from", join(folder, "source"), "--to", to.join(","), "--cut-over");
      expect(await migrate.line(({ event }) => event === "moved")).toMatchObject({ addresses: to });
      expect(await migrate.exited).toBe(0);

      const other = started(startLogStorage(join(folder, "other"), { index: 0, count: 1 }));
      const address = await addressOf(other);
      const back = tidewireLog("migrate", "--from", to.join(","), "--to", address, "--cut-over");
      expect(await back.exited).toBe(0);
      const atOther = host([address]);
      for (const document of some) {
        const opened = await atOther.engine.open(document, "host-b");
        expect([opened.epoch, opened.seq, Buffer.from(opened.patches[0]!.data).toString()]).toEqual([
          2,
          1,
          document.key,
        ]);
      }
      const show = tidewireLog("show", `${some[0]!.space}/${some[0]!.key}`, "--log", address, "--seq", "1");
      expect(await show.line(() => true)).toMatchObject({
        seq: 1,
        isDeleted: false,
        records: [{ kind: "patch", seq: 1 }],
      });
    },
    TIMEOUT_MS,
  );

  test(
    "gives the change-over up on Ctrl-C: the source takes writes again, and the next run finishes",
    async () => {
      const source = started(startLogStorage(join(folder, "source"), { index: 0, count: 1 }));
      const from = await addressOf(source);
      const atSource = host([from]);
      const open = async (document: (typeof quiet)[number]) => {
        const { epoch } = await atSource.engine.open(document, "host-a");
        await atSource.engine.append(document, { epoch, expectedSeq: 0, seq: 1, data: Buffer.alloc(2_000) });
      };
      await Promise.all(quiet.map(open));
      const { addresses: to } = await startTargets(2);
      const places = ["--from", from, "--to", to.join(","), "--cut-over"];
      const first = tidewireLog("migrate", ...places);
      await first.line(({ event }) => event === "sealed");
      await first.kill("SIGINT");
      expect(await first.exited).toBe(130);
      expect(first.lines.map(({ event }) => event)).toContain("undone");
      expect(first.stderr).toMatch(/broken off by SIGINT: what was copied stays/);
      const { seq } = await atSource.engine.open(quiet[0]!, "host-b");
      expect(seq).toBe(1);

      const second = tidewireLog("migrate", ...places);
      expect(await second.line(({ event }) => event === "moved")).toMatchObject({ addresses: to });
      expect(await second.exited).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "refuses a target that is in use, and shards in the wrong order",
    async () => {
      const { addresses } = await startTargets(2);
      const [a, b] = addresses as [string, string];
      const swapped = tidewireLog("migrate", "--from", `${b},${a}`, "--to", a);
      expect([await swapped.exited, swapped.stderr]).toEqual([2, expect.stringMatching(/is shard 1 of 2: name all 2/)]);
      const used = started(startLogStorage(join(folder, "used"), { index: 0, count: 1 }));
      const address = await addressOf(used);
      await host([address]).engine.open(busy[0]!, "host-a");
      const into = tidewireLog("migrate", "--from", `${a},${b}`, "--to", address);
      expect([await into.exited, into.stderr]).toEqual([
        1,
        expect.stringMatching(/the target is in use: it holds board-game/),
      ]);
      const nobody = tidewireLog("migrate", "--from", "127.0.0.1:1", "--to", address);
      expect([await nobody.exited, nobody.stderr]).toEqual([
        1,
        expect.stringMatching(/cannot reach .* 127\.0\.0\.1:1/),
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "a shard does not start as another one, and says how the number is changed",
    async () => {
      const directory = join(folder, "shard");
      const shard = started(startLogStorage(directory, { index: 1, count: 3 }));
      await addressOf(shard);
      await shard.kill("SIGTERM");
      for (const other of [
        { index: 1, count: 4 },
        { index: 2, count: 3 },
        { index: 0, count: 1 },
      ]) {
        const refused = startLogStorage(directory, other);
        expect(await refused.exited).toBe(1);
        expect(refused.stderr).toMatch(
          /holds shard 1 of 3 of the log, and the settings say shard .*tidewire log migrate/,
        );
      }
      expect(shardOf(busy[0]!, 3)).toBeLessThan(3);
    },
    TIMEOUT_MS,
  );
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}
