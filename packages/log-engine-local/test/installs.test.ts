import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { dump, fsck, type LocalLogEngine, openLocalLogEngine } from "../src/index.ts";
import { game, grow, other, step, texts } from "./support/append-steps.ts";

const part = { epoch: 7, afterSeq: 0, replaces: true, isDeleted: false };
const patches = [1, 2, 3].map((seq) => ({ seq, data: Buffer.from(`installed ${seq}`) }));
const installed = ["installed 1", "installed 2", "installed 3"];

function open(directory: string): Promise<LocalLogEngine> {
  return openLocalLogEngine({ directory }, { clock: new SystemClock(), logger: noLogger, metrics: noMetrics });
}

/** Runs with a folder, and once more from its log alone: every state must come out of either. */
async function inFolder(body: (directory: string) => Promise<void>, check: (engine: LocalLogEngine) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), "tidewire-installs-"));
  try {
    await body(directory);
    for (const withCheckpoint of [true, false]) {
      if (!withCheckpoint) await rm(join(directory, "checkpoints"), { recursive: true });
      expect((await fsck(directory)).problems).toEqual([]);
      const engine = await open(directory);
      await check(engine);
      await engine.close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("what was installed over records of the same seqs is what is read back", async () => {
  await inFolder(
    async (directory) => {
      const engine = await open(directory);
      await grow(engine, game, 3);
      await engine.install(game, { ...part, patches });
      await engine.close();
    },
    async (engine) => {
      expect(await texts(engine, game)).toEqual(installed);
    },
  );
});

test("also when a checkpoint already holds it, and when compaction has moved its snapshot", async () => {
  const snapshot = { seq: 2, data: Buffer.from("state 2") };
  await inFolder(
    async (directory) => {
      const engine = await open(directory);
      await grow(engine, game, 3);
      await engine.install(game, { ...part, patches });
      await engine.install(other, { ...part, afterSeq: 2, snapshot, patches: patches.slice(2), wakeAt: 55 });
      await engine.compact({ withCheckpoint: true });
      await engine.append(other, { ...step(7, 3), data: Buffer.from("later") });
      await engine.compact();
      await engine.close();
    },
    async (engine) => {
      expect(await texts(engine, game)).toEqual(installed);
      expect(await texts(engine, other)).toEqual(["state 2", "installed 3", "later"]);
      expect((await engine.heads([other]))[0]).toMatchObject({ seq: 4, isDeleted: false });
    },
  );
});

test("a dump shows where a document from another log begins", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidewire-installs-"));
  const engine = await open(directory);
  await engine.install(game, { ...part, afterSeq: 9, patches: [], isDeleted: true });
  await engine.close();
  const records = [];
  for await (const record of dump(directory, { document: game })) records.push(record);
  expect(records).toContainEqual(expect.objectContaining({ type: "base", seq: 9, epoch: 7, isDeleted: true }));
  await rm(directory, { recursive: true });
});
