import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type LocalLogEngine, openLocalLogEngine } from "@tidewire/log-engine-local";
import { Backup, BackupKeys, defaultBackupOptions, S3Client } from "../src/index.ts";
import { realServers } from "../test/support/real-servers.ts";

const DOCUMENTS = 256;
const PAYLOAD_BYTES = 400;
const PER_SECOND = Number(process.env["BENCH_RATE"] ?? 2_000);
const PAIRS = Number(process.env["BENCH_PAIRS"] ?? 3);
const PHASE_MS = Number(process.env["BENCH_PHASE_MS"] ?? 12_000);
/** Threads of the log as log storage has them: run `npx tidewire-build` in apps/log-storage first. */
const ioWorker = pathToFileURL(process.env["BENCH_IO_WORKER"] ?? "");

/** Appends that come when they are due, whatever became of those before; latencies count from then. */
class Load {
  readonly #engine: LocalLogEngine;
  readonly #writers: { readonly key: string; readonly epoch: number; seq: number }[] = [];
  readonly #data = crypto.getRandomValues(new Uint8Array(PAYLOAD_BYTES));
  failed = 0;

  constructor(engine: LocalLogEngine) {
    this.#engine = engine;
  }

  async open(): Promise<void> {
    for (let index = 0; index < DOCUMENTS; index++) {
      const key = `d${index}`;
      const { epoch, seq } = await this.#engine.open({ space: "bench", key }, "bench");
      this.#writers.push({ key, epoch, seq });
    }
  }

  async run(ms: number): Promise<number[]> {
    const latencies: number[] = [];
    const answers: Promise<void>[] = [];
    const startAt = performance.now();
    const total = Math.floor((ms / 1_000) * PER_SECOND);
    for (let sent = 0; sent < total; ) {
      for (; sent < total && startAt + (sent * 1_000) / PER_SECOND <= performance.now(); sent++) {
        const dueAt = startAt + (sent * 1_000) / PER_SECOND;
        const writer = this.#writers[sent % DOCUMENTS]!;
        const { key, epoch, seq: expectedSeq } = writer;
        const seq = ++writer.seq;
        const append = this.#engine.append({ space: "bench", key }, { epoch, expectedSeq, seq, data: this.#data });
        answers.push(
          append.then(
            () => void latencies.push(performance.now() - dueAt),
            () => void this.failed++,
          ),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(answers);
    return latencies.sort((a, b) => a - b);
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Phases with and without a backup, by turns; the rounds are as far apart as they are by default. */
async function measure(): Promise<void> {
  const [name, start] = realServers.find(([each]) => each === "MinIO") ?? [];
  if (start === undefined) throw new Error("MinIO is missing: run scripts/install-s3-servers.sh");
  const server = await start();
  const directory = await mkdtemp(join(tmpdir(), "tidewire-bench-"));
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics: noMetrics };
  const engine = await openLocalLogEngine({ directory }, { ...modules, ioWorker });
  engine.files.retain();
  const s3 = new S3Client(server.settings, modules);
  const identity = { keys: new BackupKeys("", "bench"), cluster: "bench", node: "bench" };
  const backup = new Backup({ s3, files: engine.files, ...modules }, identity);
  const load = new Load(engine);
  await load.open();
  await load.run(2_000);
  await backup.round();
  const figures = {
    p50: { with: [] as number[], without: [] as number[] },
    p99: { with: [] as number[], without: [] as number[] },
  };
  for (let phase = 0; phase < PAIRS * 2; phase++) {
    // a b, b a, a b: what drifts falls on both.
    const isWith = phase % 4 === 1 || phase % 4 === 2;
    const timer = setInterval(() => void (isWith ? backup.round() : undefined), defaultBackupOptions.everyMs);
    const latencies = await load.run(PHASE_MS);
    clearInterval(timer);
    const kind = isWith ? "with" : "without";
    for (const [what, share] of [
      ["p50", 0.5],
      ["p99", 0.99],
    ] as const)
      figures[what][kind].push(quantile(latencies, share));
    console.log(
      `${kind}: p50 ${quantile(latencies, 0.5).toFixed(2)} ms, p99 ${quantile(latencies, 0.99).toFixed(2)} ms`,
    );
    await backup.round();
    if (backup.status.failure !== undefined || backup.status.lagBytes > 0)
      throw new Error("the backup did not keep up");
  }
  for (const what of ["p50", "p99"] as const) {
    const { with: given, without } = figures[what];
    const ratio = median(given.map((value, pair) => value / without[pair]!));
    console.log(
      `${what}: ${median(without).toFixed(2)} ms without, ${median(given).toFixed(2)} ms with, ratio ${ratio.toFixed(2)}`,
    );
  }
  console.log(`${PER_SECOND}/s of ${PAYLOAD_BYTES} bytes to ${name}; ${load.failed} failed`);
  await engine.close();
  await server.stop();
  await rm(directory, { recursive: true });
}

await measure();
