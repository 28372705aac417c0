import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { noLogger, noMetrics, SeededRandom, SystemClock } from "@tidewire/foundation";
import { decodeSegmentHeader } from "../src/format/segment-header.ts";
import { openLocalLogEngine } from "../src/index.ts";
import { bundleChild } from "./support/child-script.ts";
import { documents, killSettings, patchOf, stateOf } from "./support/kill-workload.ts";

const kills = Number(process.env["TIDEWIRE_TEST_KILLS"] ?? 8);
const seed = Number(process.env["TIDEWIRE_TEST_SEED"] ?? Date.now() % 1_000_000);

interface Acknowledged {
  readonly heads: Map<string, number>;
  readonly snapshots: Map<string, number>;
}

/**
 * Runs the writer until it is killed, so long after its start or after it has opened the log, and keeps what it said was
 * durable. Returns how many appends that were.
 */
async function writeUntilKilled(
  args: readonly string[],
  { delayMs, after }: { readonly delayMs: number; readonly after: "start" | "open" },
  said: Acknowledged,
): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let timer: NodeJS.Timeout | undefined;
  const killLater = (): void => {
    timer ??= setTimeout(() => child.kill("SIGKILL"), delayMs);
  };
  if (after === "start") killLater();
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.startsWith("open\n")) killLater();
  });
  const signal = await new Promise((resolve) => {
    child.on("close", (_, by) => resolve(by));
  });
  clearTimeout(timer);
  expect(signal).toBe("SIGKILL");
  let count = 0;
  // The last line may be cut in the middle.
  for (const line of output.split("\n").slice(0, -1)) {
    const [key, seq, what] = line.split(" ");
    if (seq === undefined) continue;
    const heads = what === "snapshot" ? said.snapshots : said.heads;
    heads.set(key!, Math.max(Number(seq), heads.get(key!) ?? 0));
    count++;
  }
  return count;
}

/** Opens the folder in this process: everything said must be there, and every byte must be as it was sent. */
async function check(folder: string, said: Acknowledged): Promise<void> {
  const modules = { clock: new SystemClock(), logger: noLogger, metrics: noMetrics };
  const engine = await openLocalLogEngine(killSettings(folder), modules);
  expect(engine.problems).toEqual([]);
  for (const document of documents) {
    const opened = await engine.open(document, "checker");
    expect(opened.seq).toBeGreaterThanOrEqual(said.heads.get(document.key) ?? 0);
    const from = opened.snapshot?.seq ?? 0;
    expect(from).toBeGreaterThanOrEqual(said.snapshots.get(document.key) ?? 0);
    if (opened.snapshot !== undefined) expect(textOf(opened.snapshot.data)).toBe(stateOf(document.key, from));
    const seqs = Array.from({ length: opened.seq - from }, (_, index) => from + 1 + index);
    expect(opened.patches.map((patch) => textOf(patch.data))).toEqual(seqs.map((seq) => patchOf(document.key, seq)));
  }
  await engine.close();
}

/** Log segments on the disk that were written over dead ones. */
async function recycledSegments(folder: string): Promise<number> {
  const names = await readdir(join(folder, "log")).catch(() => []);
  const segments = names.filter((name) => name.endsWith(".wal")).map((name) => readFile(join(folder, "log", name)));
  const headers = (await Promise.all(segments)).map((bytes) => decodeSegmentHeader(bytes));
  return headers.filter((each) => each.state === "good" && each.header.recycledBytes > 0).length;
}

function textOf(data: Uint8Array): string {
  return Buffer.from(data).toString();
}

describe("kill -9", () => {
  test(`loses nothing acknowledged (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const folder = await mkdtemp(join(tmpdir(), "tidewire-kill-"));
    const script = bundleChild("writer");
    const worker = bundleChild("io-worker");
    const said: Acknowledged = { heads: new Map(), snapshots: new Map() };
    let acknowledged = 0;
    let recycled = 0;
    for (let kill = 0; kill < kills; kill++) {
      // Some strike while the log is being opened: a start takes about 100 ms.
      const strike =
        random.next() < 0.3
          ? ({ delayMs: 40 + random.below(160), after: "start" } as const)
          : ({ delayMs: 100 + random.below(600), after: "open" } as const);
      // Every other writer has I/O threads.
      const threads = kill % 2 === 0 ? [] : [worker];
      recycled += await recycledSegments(folder);
      acknowledged += await writeUntilKilled([script, folder, ...threads], strike, said);
      // Half of the time the next writer finds what the killed one left.
      if (random.next() < 0.5) await check(folder, said);
    }
    await check(folder, said);
    expect(acknowledged).toBeGreaterThan(kills * 50);
    expect((await readdir(join(folder, "checkpoints"))).length).toBeGreaterThan(0);
    expect(recycled).toBeGreaterThan(0);
    await rm(folder, { recursive: true });
    for (const path of [script, worker]) await rm(dirname(path), { recursive: true });
  }, 3_600_000);
});
