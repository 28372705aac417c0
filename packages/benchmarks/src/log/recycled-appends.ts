import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { CountingMetrics } from "../shared/counting-metrics.ts";
import { appendPair, appendPhase, RawLoop } from "./append-phases.ts";
import { benchFolder, type OpenDocument, openBenchLog, openDocuments } from "./bench-log.ts";
import type { LogPlan, LogRounds } from "./log-process.ts";

const ACTIVE_DOCUMENTS = 1_024;
const GROUPS = [64, 256] as const;
/** As many as the engine keeps. */
const SPARES = 4;
const RECYCLED = "tidewire_log_engine_local_recycled_segments_total";
const WRITTEN = "tidewire_log_engine_local_written_bytes_total";

/**
 * Appends as in a store that has run for long: what they are written over are segments whose records are dead. Between the
 * phases snapshots and checkpoints make dead what was written, as they do all the time in such a store.
 */
export async function measureRecycled(plan: LogPlan): Promise<LogRounds> {
  const folder = benchFolder();
  const metrics = new CountingMetrics();
  const own = { compactionMs: 3_600_000, historyMs: 0, queueMaxMs: 60_000, segmentBytes: plan.segmentBytes };
  const engine = await openBenchLog({ directory: `${folder}/log`, ...own }, { metrics });
  const documents = await openDocuments(engine, ACTIVE_DOCUMENTS);
  const modules = { engine, documents, raw: new RawLoop(folder) };
  const written = (): number => metrics.sums[WRITTEN] ?? 0;
  const recycled = (): number => metrics.sums[RECYCLED] ?? 0;
  while (written() < (SPARES + 1) * plan.segmentBytes) await appendPhase(engine, documents, 256, 100);
  const [writtenBefore, recycledBefore] = [written(), recycled()];
  const rounds: LogRounds = [];
  for (let round = -1; round < plan.rounds; round++) {
    const figures: Record<string, number> = {};
    for (const appenders of GROUPS) {
      await letDie(engine, documents);
      const plans = { ...plan, isRawFirst: round % 2 === 0 };
      const { engine: phase, rawPerSecond } = await appendPair(modules, appenders, plans);
      const name = `recycled${appenders}`;
      figures[`${name}.perSecond`] = phase.perSecond;
      figures[`${name}.rawPerSecond`] = rawPerSecond;
      figures[`${name}.ratio`] = phase.perSecond / rawPerSecond;
      figures[`${name}.p50Ms`] = phase.p50;
      figures[`${name}.p99Ms`] = phase.p99;
    }
    // The first one is not looked at: the segment made ready before there were spares is a new file.
    if (round >= 0) rounds.push(figures);
  }
  // All that were filled but the one of the beginning and the one that was ready then.
  const filled = Math.floor((written() - writtenBefore) / plan.segmentBytes) - 2;
  if (recycled() - recycledBefore < filled) throw new Error("segments were begun in new files");
  await engine.close();
  return rounds;
}

/** Everything that was written is replaced by snapshots, and two checkpoints let the segments go. */
async function letDie(engine: LocalLogEngine, documents: readonly OpenDocument[]): Promise<void> {
  const data = Buffer.alloc(64);
  await Promise.all(documents.map(({ document, epoch, seq }) => engine.snapshot(document, { epoch, seq, data })));
  for (let checkpoint = 0; checkpoint < 2; checkpoint++) await engine.compact({ withCheckpoint: true });
}
