import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { openLocalLogEngine } from "../src/index.ts";
import { game, grow, step, texts } from "./support/append-steps.ts";
import { bundleChild } from "./support/child-script.ts";

/** A file system of two megabytes; `undefined` where this user may not mount one. */
function mountSmall(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-full-"));
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

/** Leaves no page to anybody. */
function fillUp(folder: string): void {
  const file = openSync(join(folder, "ballast"), "w");
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(file);
  }
}

describe("a file system that is really full", () => {
  test.each(["libuv's pool", "I/O threads"])(
    "refuses writes, serves reads, and goes on when there is room: %s",
    async (by) => {
      const folder = mountSmall();
      if (folder === undefined) {
        process.stderr.write(
          "not run: this user may not mount a tmpfs; failing-disk.test.ts covers it on a simulated disk\n",
        );
        return;
      }
      try {
        const ballast = join(folder, "ballast");
        writeFileSync(ballast, Buffer.alloc(1_500_000));
        const worker = by === "I/O threads" ? { ioWorker: pathToFileURL(bundleChild("io-worker")) } : {};
        const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics, ...worker };
        const settings = { directory: join(folder, "log"), batchMaxBytes: 64 * 1024, retryMs: 20 };
        const engine = await openLocalLogEngine(settings, modules);
        const { epoch, seq } = await grow(engine, game, 3);
        const data = Buffer.alloc(60_000, "d");
        let head = seq;
        let refusal: unknown;
        while (refusal === undefined) {
          await engine.append(game, step(epoch, head, { data })).then(
            () => head++,
            (error: unknown) => {
              refusal = error;
            },
          );
        }
        expect(refusal).toMatchObject({ code: "unavailable", retryable: true, details: { reason: "disk_full" } });
        expect(await texts(engine, game)).toHaveLength(head);

        unlinkSync(ballast);
        while (engine.status.failure !== undefined) {
          await new Promise((resolve) => {
            setTimeout(resolve, 5);
          });
        }
        await engine.append(game, step(epoch, head, { data }));
        await engine.close();
        const again = await openLocalLogEngine(settings, modules);
        expect(again.problems).toEqual([]);
        expect((await again.open(game, "host-a")).seq).toBe(head + 1);
        await again.close();
      } finally {
        execFileSync("umount", [folder]);
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );

  test.each(["libuv's pool", "I/O threads"])(
    "and that the log itself has filled with what is dead by now needs no operator: %s",
    async (by) => {
      const folder = mountSmall();
      if (folder === undefined) {
        process.stderr.write("not run: this user may not mount a tmpfs; failing-disk.test.ts covers it\n");
        return;
      }
      try {
        const worker = by === "I/O threads" ? { ioWorker: pathToFileURL(bundleChild("io-worker")) } : {};
        const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics, ...worker };
        const small = { segmentBytes: 128 * 1024, snapshotSegmentBytes: 128 * 1024, batchMaxBytes: 64 * 1024 };
        const settings = { directory: join(folder, "log"), ...small, retryMs: 300, compactionMs: 20 };
        const engine = await openLocalLogEngine(settings, modules);
        const { epoch, seq } = await grow(engine, game, 1);
        const data = Buffer.alloc(10_000, "d");
        let head = seq;
        let stops = 0;
        // Ten times what the disk holds: only the last snapshot and what follows it is needed at any time.
        while (head < 2_000) {
          try {
            await engine.append(game, step(epoch, head, { data }));
            head++;
            if (head % 10 === 0) await engine.snapshot(game, { epoch, seq: head, data });
          } catch (error) {
            expect(error).toMatchObject({ code: "unavailable", details: { reason: "disk_full" } });
            if (engine.status.failure === undefined) continue;
            stops++;
            // Not a page is left, for a checkpoint neither.
            fillUp(folder);
            while (engine.status.failure !== undefined) await pause(5);
            unlinkSync(join(folder, "ballast"));
          }
        }
        expect(stops).toBeGreaterThan(0);
        await engine.close();
        const again = await openLocalLogEngine(settings, modules);
        expect(again.problems).toEqual([]);
        expect((await again.open(game, "host-a")).seq).toBe(head);
        await again.close();
      } finally {
        execFileSync("umount", [folder]);
        rmSync(folder, { recursive: true });
      }
    },
    60_000,
  );

  test("and one that allows no larger file: writing goes on in a new segment", () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-limit-"));
    const script = bundleChild("filler");
    // 512-byte blocks: one megabyte.
    const limited = `ulimit -f 2048; exec "$0" "$1" "$2"`;
    const output = execFileSync("sh", ["-c", limited, process.execPath, script, folder], { encoding: "utf8" });
    const result = JSON.parse(output.trim().split("\n").at(-1)!) as Record<string, number>;
    expect(result).toMatchObject({ code: "unavailable", details: { reason: "disk_full" } });
    expect(result["committed"]).toBeGreaterThan(10);
    expect(result["readable"]).toBe(result["committed"]);
    expect(result["seq"]).toBe(result["committed"]! + 1);
    rmSync(folder, { recursive: true });
    rmSync(dirname(script), { recursive: true });
  }, 60_000);
});
