import { closeSync, openSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { type Logger, noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { defaultLogLimits, type LogEngine } from "@tidewire/log-engine";
import { logEngineCompliance } from "@tidewire/log-engine/compliance";
import { fsck, type LocalLogEngine, type LocalLogSettings, openLocalLogEngine } from "../src/index.ts";
import { IoThread } from "../src/threads/io-thread.ts";
import { sharedBuffer } from "../src/wal/batch.ts";
import { game, grow, patchTexts, step, texts } from "./support/append-steps.ts";
import { bundleChild } from "./support/child-script.ts";

const script = bundleChild("io-worker");
const faulty = bundleChild("faulty-io-worker");
const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };

afterAll(async () => {
  for (const path of [script, faulty]) await rm(dirname(path), { recursive: true });
});

logEngineCompliance(
  "The local log engine with I/O threads",
  async (given = {}) => {
    const directory = await mkdtemp(join(tmpdir(), "tidewire-log-"));
    const limits = { ...defaultLogLimits, ...given };
    const threaded = { ...modules, ioWorker: pathToFileURL(script) };
    let engine = await openLocalLogEngine({ directory, limits }, threaded);
    return {
      engine,
      limits,
      reopen: async (): Promise<LogEngine> => {
        await engine.close();
        engine = await openLocalLogEngine({ directory, limits }, threaded);
        return engine;
      },
      stop: async () => {
        await engine.close();
        await rm(directory, { recursive: true });
      },
    };
  },
  { isDurable: true, keepsHistory: true },
);

describe.each([
  ["asked at a desk", true],
  ["asked by messages", false],
])("an I/O thread %s", (_, hasDesk) => {
  test("writes what is asked for side by side, of shared memory or not, and tells the error of the one that fails", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidewire-log-"));
    const path = join(directory, "file");
    const descriptor = openSync(path, "wx");
    const readOnly = openSync(path, "r");
    const thread = new IoThread(modules, {
      name: "log",
      entry: pathToFileURL(script),
      stallMs: 60_000,
      hasDesk,
    });
    const letters = Buffer.from("abcdefghijklmnopqrstuvwxyz");
    // More memories than a thread knows by number, each used again when all others were.
    const memories = Array.from(letters, (letter, index) =>
      index % 3 === 0 ? Buffer.alloc(16, letter) : sharedBuffer(16).fill(letter),
    );
    const write = (bytes: Uint8Array, position: number, to = descriptor): Promise<unknown> =>
      thread.run({ kind: "write", descriptor: to, bytes, position, isSynced: position % 5 === 0 });
    const refused = expect(write(memories[1]!, 0, readOnly)).rejects.toMatchObject({ code: "EBADF" });
    for (let round = 0; round < 4; round++) {
      const at = round * letters.length;
      await Promise.all(memories.map((memory, index) => write(memory.subarray(8, 9), at + index)));
      // One after the other, as batches are: each finds the desk free.
      for (const [index, memory] of memories.entries()) await write(memory.subarray(8, 9), at + index);
    }
    await refused;
    await thread.run({ kind: "sync", descriptor });
    expect(await readFile(path, "latin1")).toBe(letters.toString("latin1").repeat(4));
    await thread.close();
    for (const each of [descriptor, readOnly]) closeSync(each);
    await rm(directory, { recursive: true });
  });
});

/** Enough for a sync on a machine that does ten other things; a thread that hangs is noticed after it. */
const STALL_MS = 2_000;

interface Started {
  readonly engine: LocalLogEngine;
  readonly directory: string;
  /** What the log of the process said went wrong. */
  readonly said: string[];
  /** Resolves when the log has said this. */
  heard(text: string): Promise<void>;
}

async function start(settings: Partial<LocalLogSettings>): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), "tidewire-log-"));
  const said: string[] = [];
  let spoken = (): void => {};
  const say = (_: object, text: string): void => {
    said.push(text);
    spoken();
  };
  const logger: Logger = { ...noLogger, error: say, info: say };
  const ioWorker = pathToFileURL(faulty);
  const engine = await openLocalLogEngine({ directory, retryMs: 20, ...settings }, { ...modules, logger, ioWorker });
  const heard = async (text: string): Promise<void> => {
    while (!said.some((each) => each.includes(text))) {
      await new Promise<void>((resolve) => {
        spoken = resolve;
      });
    }
  };
  return { engine, directory, said, heard };
}

describe.each([
  ["dies", "die", "is lost"],
  ["hangs", "hang", "hangs"],
] as const)("an I/O thread that %s", (_, fault, told) => {
  test("fails what waits for it as of unknown outcome, and the log goes on with another one", async () => {
    const { engine, directory, said, heard } = await start({ ioStallMs: STALL_MS });
    const { epoch } = await grow(engine, game, 3);
    writeFileSync(join(dirname(faulty), "fault"), `log ${fault}`);
    const appends = [3, 4].map((seq) => engine.append(game, step(epoch, seq)));
    for (const append of appends) {
      await expect(append).rejects.toMatchObject({ code: "unavailable", details: { reason: "io_error" } });
    }
    await heard(told);
    await heard("takes writes again");
    expect(said.filter((text) => text.includes("I/O thread"))).toHaveLength(1);

    // As every owner does after an unknown outcome.
    const again = await engine.open(game, "host-a");
    expect(again.seq).toBe(3);
    await engine.append(game, step(again.epoch, 3));
    await engine.snapshot(game, { epoch: again.epoch, seq: 4, data: Buffer.from("state 4") });
    await engine.close();
    expect((await fsck(directory)).problems).toEqual([]);
    const reopened = await openLocalLogEngine({ directory }, modules);
    expect(await texts(reopened, game)).toEqual(["state 4"]);
    await reopened.close();
    await rm(directory, { recursive: true });
  });

  test("under a snapshot fails that snapshot, and appends do not notice", async () => {
    const { engine, directory, heard } = await start({ ioStallMs: STALL_MS });
    const { epoch } = await grow(engine, game, 3);
    writeFileSync(join(dirname(faulty), "fault"), `store ${fault}`);
    const state = { epoch, seq: 3, data: Buffer.alloc(100_000, "s") };
    await expect(engine.snapshot(game, state)).rejects.toMatchObject({ code: "unavailable" });
    await heard(told);
    await engine.append(game, step(epoch, 3));
    expect(engine.status.failure).toBeUndefined();
    expect(await texts(engine, game)).toEqual(patchTexts(4));
    await engine.snapshot(game, state);
    expect((await engine.open(game, "host-b")).snapshot?.data).toHaveLength(100_000);
    await engine.close();
    await rm(directory, { recursive: true });
  });
});

test("an I/O thread that takes long to start is not taken for one that hangs", async () => {
  const late = join(dirname(faulty), "late");
  // Longer than a thread may be silent that has started, which is long enough for a machine that does ten other things.
  writeFileSync(late, "1500");
  const { engine, directory, said } = await start({ ioStallMs: 700 });
  await rm(late);
  await grow(engine, game, 2);
  expect(await texts(engine, game)).toEqual(patchTexts(2));
  expect(said.filter((text) => text.includes("I/O thread"))).toEqual([]);
  await engine.close();
  await rm(directory, { recursive: true });
});
