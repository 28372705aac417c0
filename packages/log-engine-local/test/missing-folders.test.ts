import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { fsck, type LocalLogEngine, openLocalLogEngine, StoreFormatError } from "../src/index.ts";
import { game, grow, patchTexts, texts } from "./support/append-steps.ts";

function open(directory: string): Promise<LocalLogEngine> {
  return openLocalLogEngine({ directory }, { clock: new SystemClock(), logger: noLogger, metrics: noMetrics });
}

test.each(["log", "snapshots"])("a store without its folder %s is no empty store", async (folder) => {
  const parent = await mkdtemp(join(tmpdir(), "tidewire-folders-"));
  const directory = join(parent, "store");
  try {
    const engine = await open(directory);
    await grow(engine, game, 3);
    await engine.close();
    await rename(join(directory, folder), join(parent, folder));

    const refusal = new StoreFormatError(
      `${join(directory, folder)} is missing; put it back, or restore the directory from a backup`,
    );
    await expect(open(directory)).rejects.toThrow(refusal);
    await expect(fsck(directory)).rejects.toThrow(refusal);
    await rename(join(parent, folder), join(directory, folder));

    const again = await open(directory);
    expect(await texts(again, game)).toEqual(patchTexts(3));
    await again.close();
  } finally {
    await rm(parent, { recursive: true });
  }
});
