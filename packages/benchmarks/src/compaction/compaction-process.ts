import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import {
  appendTo,
  benchFolder,
  type OpenDocument,
  openBenchLog,
  openDocuments,
  PATCH_BYTES,
} from "../log/bench-log.ts";
import { CountingMetrics } from "../shared/counting-metrics.ts";
import { type LatencyPhase, type LoadOptions, openLoopPhase } from "./open-loop-phase.ts";

/** Appends at a steady rate, with and without everything compaction does, in turn. Prints one object of figures per round. */
const { values } = parseArgs({
  options: { rounds: { type: "string" }, phaseMs: { type: "string" }, warmUpTurns: { type: "string" } },
});
const rounds = Number(values.rounds);
const phaseMs = Number(values.phaseMs);
const warmUpTurns = Number(values.warmUpTurns);

const YOUNG_PAIRS = 3;
const steady = { durationMs: phaseMs, appendsPerSecond: 4_000 };
const hurried = { durationMs: 750, appendsPerSecond: 16_000 };

const DOCUMENTS = 256;
const SNAPSHOT_BYTES = 40_000;
const SNAPSHOT_EVERY = SNAPSHOT_BYTES / PATCH_BYTES;
const LARGE_BYTES = 10 * 1024 * 1024;
const TAIL_PATCHES = 50_000;
const MIB = 1024 * 1024;
/** Between two rounds of the background: a round that finds nothing to do never leaves the turn of the event loop. */
const ROUND_PAUSE_MS = 5;
const small = { segmentBytes: 4 * MIB, snapshotSegmentBytes: 4 * MIB, checkpointBytes: 4 * MIB };
/** Refusals of an overloaded disk would be missing in the latencies: here everybody waits. */
const own = { compactionMs: 3_600_000, historyMs: 0, queueMaxMs: 60_000 };
const unlimited = { paceFloorBytes: 2 ** 40, paceCapBytes: 2 ** 40 };
const metrics = new CountingMetrics();
const folder = benchFolder();

interface Bench {
  readonly engine: LocalLogEngine;
  readonly documents: readonly OpenDocument[];
}

async function open(name: string, settings: object): Promise<Bench> {
  const engine = await openBenchLog({ directory: `${folder}/${name}`, ...own, ...settings }, { metrics });
  return { engine, documents: await openDocuments(engine, DOCUMENTS) };
}

/**
 * Snapshots as their documents ask for them, and round after round of the background. The documents have begun at
 * different times: some are due at any moment, instead of all at once every six seconds.
 */
function compacting({ engine, documents }: Bench): { appended(open: OpenDocument): void; stop(): Promise<number> } {
  let isStopped = false;
  let count = 0;
  const snapshots = new Set<Promise<void>>();
  const begun = new Map(
    documents.map((open, index) => [open, Math.floor((index * SNAPSHOT_EVERY) / documents.length)] as const),
  );
  const background = (async () => {
    while (!isStopped) {
      await engine.compact();
      await pause(ROUND_PAUSE_MS);
    }
  })();
  return {
    appended: (open) => {
      const { document, epoch, seq } = open;
      if ((seq + begun.get(open)!) % SNAPSHOT_EVERY !== 0) return;
      count++;
      const written = engine.snapshot(document, { epoch, seq, data: Buffer.alloc(SNAPSHOT_BYTES, seq) });
      snapshots.add(written);
      void written.finally(() => snapshots.delete(written));
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([...snapshots, background]);
      return count;
    },
  };
}

/** As much as the disk takes: snapshots of everything, all the time, and checkpoints. */
function saturating({ engine, documents }: Bench): { written(): number; stop(): Promise<void> } {
  let isStopped = false;
  let count = 0;
  const data = Buffer.alloc(SNAPSHOT_BYTES, "s");
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let turn = writer; !isStopped; turn += 4) {
      const { document, epoch } = documents[turn % documents.length]!;
      // One that is not newer than the last is not written, and does not leave the turn either.
      await pause(0);
      const [head] = await engine.heads([document]);
      await engine.snapshot(document, { epoch, seq: head!.seq, data });
      count++;
    }
  });
  const background = (async () => {
    while (!isStopped) {
      await engine.compact({ withCheckpoint: true });
      await pause(ROUND_PAUSE_MS);
    }
  })();
  return {
    written: () => count,
    stop: async () => {
      isStopped = true;
      await Promise.all([...writers, background]);
    },
  };
}

/** One document with a very long tail, and one with a very large state, beside all the others. */
async function growLarge(engine: LocalLogEngine): Promise<{ disturb(): Promise<void> }> {
  const [tail, state] = (await openDocuments(engine, DOCUMENTS + 2)).slice(DOCUMENTS) as [OpenDocument, OpenDocument];
  for (let from = 0; from < TAIL_PATCHES; from += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, () => appendTo(engine, tail)));
  }
  return {
    disturb: async () => {
      await engine.open(tail.document, "bench");
      await appendTo(engine, state);
      const data = Buffer.alloc(LARGE_BYTES);
      await engine.snapshot(state.document, { epoch: state.epoch, seq: state.seq, data });
    },
  };
}

const quiet = await open("quiet", {});
const paced = await open("paced", small);
const saturated = await open("saturated", { ...small, ...unlimited });
const mixed = await openBenchLog({ directory: `${folder}/mixed`, ...own }, { metrics });
const large = await growLarge(mixed);
const mixedDocuments = await openDocuments(mixed, DOCUMENTS);

async function besidePaced(load: LoadOptions): Promise<{ latency: LatencyPhase; snapshots: number }> {
  const work = compacting(paced);
  const latency = await openLoopPhase(paced.engine, paced.documents, load, work.appended);
  return { latency, snapshots: await work.stop() };
}

async function besideSaturated(load: LoadOptions): Promise<{ latency: LatencyPhase; snapshots: number }> {
  const work = saturating(saturated);
  const latency = await openLoopPhase(saturated.engine, saturated.documents, load);
  const snapshots = work.written();
  await work.stop();
  return { latency, snapshots };
}

async function besideLarge(load: LoadOptions): Promise<LatencyPhase> {
  const disturbed = large.disturb();
  const latency = await openLoopPhase(mixed, mixedDocuments, load);
  await disturbed;
  return latency;
}

interface Pair {
  readonly off: LatencyPhase;
  readonly on: LatencyPhase;
  readonly snapshots: number;
}

async function pair(): Promise<Pair> {
  const off = await openLoopPhase(quiet.engine, quiet.documents, steady);
  const { latency: on, snapshots } = await besidePaced(steady);
  if (snapshots === 0) throw new Error("nothing was compacted beside the appends");
  return { off, on, snapshots };
}

/** A process in its first minute. */
const young: Pair[] = [];
for (let count = 0; count < Math.min(rounds, YOUNG_PAIRS); count++) young.push(await pair());

/**
 * V8 compiles what has become hot in threads of its own, which keep a core from the log's thread for milliseconds. Code
 * that runs some ten times a second becomes hot in minutes, once in the life of a process, so here it is hurried. After
 * eight turns those threads take 12 to 16 ms of a second beside the paced background and 6 to 12 without it; after one
 * round of the phases that are measured it was 20 to 85.
 */
for (let turn = 0; turn < warmUpTurns; turn++) {
  await openLoopPhase(quiet.engine, quiet.documents, hurried);
  await besideSaturated({ ...hurried, appendsPerSecond: steady.appendsPerSecond });
  await besidePaced(hurried);
  await besideLarge({ ...hurried, appendsPerSecond: steady.appendsPerSecond });
}

const results: Record<string, number>[] = [];
for (let round = 0; round < rounds; round++) {
  const { off, on, snapshots } = await pair();
  const first = young[round];
  const offAgain = await openLoopPhase(quiet.engine, quiet.documents, steady);
  const worst = await besideSaturated(steady);
  const beside = await besideLarge(steady);
  if (worst.snapshots === 0) throw new Error("nothing was compacted beside the appends");
  results.push({
    ...named("off", off),
    ...named("paced", on),
    "paced.p50": on.p50 / off.p50,
    "paced.p99": on.p99 / off.p99,
    "paced.snapshotsPerSecond": snapshots / (phaseMs / 1_000),
    ...(first === undefined ? {} : { ...named("young", first.on), "young.p99": first.on.p99 / first.off.p99 }),
    ...named("saturated", worst.latency),
    "saturated.snapshotsPerSecond": worst.snapshots / (phaseMs / 1_000),
    "saturated.p99": worst.latency.p99 / offAgain.p99,
    ...named("large", beside),
    "large.p99": beside.p99 / offAgain.p99,
  });
}
const total = (name: string): number =>
  Object.entries(metrics.sums).reduce((sum, [key, value]) => (key.startsWith(name) ? sum + value : sum), 0);
// A run too short to fill many segments has none to remove.
const removes = total("tidewire_log_engine_local_snapshot_bytes_total") > 16 * small.snapshotSegmentBytes;
for (const what of ["snapshots_total", "checkpoints_total", ...(removes ? ["removed_segments_total"] : [])]) {
  if (total(`tidewire_log_engine_local_${what}`) === 0) throw new Error(`nothing was compacted: ${what} is 0`);
}
for (const engine of [quiet.engine, paced.engine, saturated.engine, mixed]) await engine.close();
console.log(JSON.stringify(results));
process.exit(0);

function named(name: string, phase: LatencyPhase): Record<string, number> {
  return { [`${name}.p50Ms`]: phase.p50, [`${name}.p99Ms`]: phase.p99, [`${name}.maxMs`]: phase.max };
}
