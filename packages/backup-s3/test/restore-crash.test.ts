import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { SeededRandom } from "@tidewire/foundation";
import { S3Double } from "../src/testing.ts";
import { bundleChild } from "./support/child-script.ts";
import { clientOf, settingsOf } from "./support/s3-servers.ts";
import { backupOf, contentsOf, newFolder, openStore, removeFolders, write } from "./support/test-store.ts";

/** More with `TIDEWIRE_TEST_KILLS`. */
const KILLS = Number(process.env["TIDEWIRE_TEST_KILLS"] ?? 3);
const seed = Number(process.env["TIDEWIRE_TEST_SEED"] ?? Date.now() % 1e6);

let double: S3Double;
beforeEach(async () => {
  double = await new S3Double().start();
});
afterEach(async () => {
  await double.stop();
  await removeFolders();
});

async function bytesIn(directory: string): Promise<Map<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const read = async (path: string): Promise<[string, string]> => [
    path.slice(directory.length),
    (await readFile(path)).toString("base64"),
  ];
  return new Map(await Promise.all(files.map(read)));
}

test(
  `a restore that is killed again and again is never served by halves, and ends with the same bytes (seed ${seed})`,
  async () => {
    const random = new SeededRandom(seed);
    const engine = await openStore(await newFolder());
    for (let n = 0; n < 6; n++) await write(engine, `g${n}`, 12, 5);
    await engine.compact({ withCheckpoint: true });
    await backupOf(engine, clientOf(double)).round();
    const expected = await contentsOf(engine);
    await engine.close();

    const script = bundleChild("restorer", await newFolder());
    const start = (directory: string) =>
      spawn(process.execPath, [script, JSON.stringify(settingsOf(double)), directory], { stdio: "ignore" });
    const ended = (child: ReturnType<typeof start>): Promise<NodeJS.Signals | null> =>
      new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)));

    const whole = await newFolder();
    const before = double.requests.length;
    expect(await ended(start(whole))).toBeNull();
    const asked = double.requests.length - before;
    expect(asked).toBeGreaterThan(8);
    const interrupted = await newFolder();
    for (let kill = 0; kill < KILLS; kill++) {
      const child = start(interrupted);
      let left = 1 + random.below(asked);
      double.fault = () => {
        if (--left === 0) child.kill("SIGKILL");
        return undefined;
      };
      expect([kill, await ended(child)]).toEqual([kill, "SIGKILL"]);
      expect(await readdir(interrupted)).not.toContain("STORE");
    }
    double.fault = () => undefined;
    expect(await ended(start(interrupted))).toBeNull();
    expect(await bytesIn(interrupted)).toEqual(await bytesIn(whole));
    const restored = await openStore(interrupted);
    expect(await contentsOf(restored)).toEqual(expected);
    await restored.close();
  },
  30_000 + KILLS * 5_000,
);
