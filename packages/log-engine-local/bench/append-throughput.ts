import { randomFillSync } from "node:crypto";
import * as fs from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noLogger, noMetrics, SystemClock } from "@tidewire/foundation";
import { recordBytes } from "../src/format/record.ts";
import { openLocalLogEngine } from "../src/index.ts";

/**
 * Appends a second by closed-loop appenders, against a bare loop of write and fdatasync that moves the same bytes in
 * groups of the same size, in the same process, directory and minute. Only the ratio means anything.
 */
const PATCH_BYTES = 400;
const DOCUMENTS = 1_024;
const PHASE_MS = Number(process.env["BENCH_PHASE_MS"] ?? 800);
const PAIRS = Number(process.env["BENCH_PAIRS"] ?? 7);
const folder = mkdtempSync(join(process.env["BENCH_DIRECTORY"] ?? tmpdir(), "tidewire-bench-"));

interface Phase {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Of all threads, the benchmark's own work included. */
  readonly cpuMicros: number;
}

async function rawPhase(group: number, name: string): Promise<number> {
  const file = await fs.promises.open(join(folder, name), "wx");
  const bytes = randomFillSync(Buffer.alloc(recordBytes(PATCH_BYTES) * group));
  const startedAt = performance.now();
  let groups = 0;
  for (; performance.now() - startedAt < PHASE_MS; groups++) {
    await callback((done) => fs.write(file.fd, bytes, 0, bytes.length, groups * bytes.length, done));
    await callback((done) => fs.fdatasync(file.fd, done));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await file.close();
  fs.unlinkSync(join(folder, name));
  return (groups * group) / seconds;
}

function callback(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null ? resolve() : reject(error)));
  });
}

const engine = await openLocalLogEngine(
  { directory: join(folder, "log"), compactionMs: 3_600_000 },
  { clock: new SystemClock(), logger: noLogger, metrics: noMetrics },
);
const heads = await Promise.all(
  Array.from({ length: DOCUMENTS }, async (_, index) => {
    const document = { space: "bench-space", key: `document-${index}` };
    return { document, ...(await engine.open(document, "bench")) };
  }),
);
const seqs = heads.map(({ seq }) => seq);
const data = randomFillSync(Buffer.alloc(PATCH_BYTES));

async function enginePhase(appenders: number): Promise<Phase> {
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const loop = async (appender: number): Promise<void> => {
    for (let turn = appender; performance.now() - startedAt < PHASE_MS; turn += appenders) {
      const index = turn % DOCUMENTS;
      const { document, epoch } = heads[index]!;
      const expectedSeq = seqs[index]!;
      seqs[index] = expectedSeq + 1;
      const sentAt = performance.now();
      await engine.append(document, { epoch, expectedSeq, seq: expectedSeq + 1, data });
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: appenders }, (_, appender) => loop(appender)));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const cpuMicros = (user + system) / latencies.length;
  return { perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99), cpuMicros };
}

const middle = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

for (const appenders of [64, 256, 8, 1]) {
  await enginePhase(appenders);
  await rawPhase(appenders, "warm");
  const ratios: number[] = [];
  const phases: Phase[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const raw = await rawPhase(appenders, `raw-${pair}`);
    const phase = await enginePhase(appenders);
    phases.push(phase);
    ratios.push(phase.perSecond / raw);
  }
  const ratio = middle(ratios);
  const perSecond = middle(phases.map((phase) => phase.perSecond));
  const p50 = middle(phases.map((phase) => phase.p50));
  const p99 = middle(phases.map((phase) => phase.p99));
  const cpuMicros = middle(phases.map((phase) => phase.cpuMicros));
  console.log(
    `${appenders} appenders: ${Math.round(perSecond)} appends/s, ${ratio.toFixed(2)} of raw (${ratios.map((each) => each.toFixed(2)).join(" ")}), p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${cpuMicros.toFixed(1)} us of CPU each`,
  );
}
await engine.close();
rmSync(folder, { recursive: true });
