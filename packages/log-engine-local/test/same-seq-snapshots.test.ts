import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { fsck, type LocalLogEngine, openLocalLogEngine } from "../src/index.ts";
import { game, grow, texts } from "./support/append-steps.ts";

function open(directory: string): Promise<LocalLogEngine> {
  return openLocalLogEngine({ directory }, { clock: new SystemClock(), logger: noLogger, metrics: noMetrics });
}

test.each([false, true])(
  "of two snapshots of one seq a start finds the one that was there before (%s)",
  async (isAtRest) => {
    const directory = await mkdtemp(join(tmpdir(), "tidewire-same-seq-"));
    try {
      let engine = await open(directory);
      const { epoch, seq } = await grow(engine, game, 3);
      if (isAtRest) await engine.compact({ withCheckpoint: true });
      const written = ["one", "another, of other bytes"].map((text) => ({ epoch, seq, data: Buffer.from(text) }));
      await Promise.all(written.map((snapshot) => engine.snapshot(game, snapshot)));
      const before = await texts(engine, game);
      expect(before).toHaveLength(1);
      for (let start = 0; start < 2; start++) {
        await engine.close();
        // The second time from the log alone.
        if (start === 1) await rm(join(directory, "checkpoints"), { recursive: true });
        expect((await fsck(directory)).problems).toEqual([]);
        engine = await open(directory);
        expect(await texts(engine, game)).toEqual(before);
      }
      await engine.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
