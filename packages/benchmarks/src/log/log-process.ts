import { parseArgs } from "node:util";
import { measureAmplification } from "./amplification.ts";
import { appendPair, appendPhase, fillPool, RawLoop } from "./append-phases.ts";
import { benchFolder, openBenchLog, openDocuments } from "./bench-log.ts";
import { measureManyDocuments } from "./many-documents.ts";
import { measureRecycled } from "./recycled-appends.ts";
import { measureReplay } from "./replay.ts";

/** One part of the log benchmark, in a process of its own. Prints one object of figures per round. */
const { values } = parseArgs({
  options: {
    part: { type: "string" },
    rounds: { type: "string" },
    phaseMs: { type: "string" },
    documents: { type: "string" },
    records: { type: "string" },
    segmentBytes: { type: "string" },
  },
});
const plan = {
  rounds: Number(values.rounds),
  phaseMs: Number(values.phaseMs),
  /** In the checkpoint. */
  documents: Number(values.documents),
  /** Replayed at a start; a part of them is appended again for the bytes. */
  records: Number(values.records),
  /** Of the log whose dead segments are written over. */
  segmentBytes: Number(values.segmentBytes),
};

export type LogPlan = typeof plan;
export type LogRounds = Record<string, number>[];

const ACTIVE_DOCUMENTS = 1_024;
const GROUPS = [1, 8, 64, 256] as const;
const POOL_APPENDERS = 16;

/** Engine and device in turn, pair by pair. */
async function measureAppends(): Promise<LogRounds> {
  const folder = benchFolder();
  const engine = await openBenchLog({ directory: `${folder}/log`, compactionMs: 3_600_000, queueMaxMs: 60_000 });
  const documents = await openDocuments(engine, ACTIVE_DOCUMENTS);
  const modules = { engine, documents, raw: new RawLoop(folder) };
  const rounds: LogRounds = [];
  for (const appenders of GROUPS) await appendPair(modules, appenders, { ...plan, isRawFirst: true });
  for (let round = 0; round < plan.rounds; round++) {
    const figures: Record<string, number> = {};
    for (const appenders of GROUPS) {
      const isRawFirst = round % 2 === 0;
      const { engine: phase, rawPerSecond } = await appendPair(modules, appenders, { ...plan, isRawFirst });
      const name = `w${appenders}`;
      figures[`${name}.perSecond`] = phase.perSecond;
      figures[`${name}.rawPerSecond`] = rawPerSecond;
      figures[`${name}.ratio`] = phase.perSecond / rawPerSecond;
      figures[`${name}.p50Ms`] = phase.p50;
      figures[`${name}.p99Ms`] = phase.p99;
    }
    const alone = await appendPhase(engine, documents, POOL_APPENDERS, plan.phaseMs);
    const stop = fillPool();
    const crowded = await appendPhase(engine, documents, POOL_APPENDERS, plan.phaseMs);
    await stop();
    figures["pool.p50Ms"] = crowded.p50;
    figures["pool.ratio"] = crowded.p50 / alone.p50;
    rounds.push(figures);
  }
  await engine.close();
  return rounds;
}

const parts: Record<string, () => Promise<LogRounds>> = {
  appends: measureAppends,
  recycled: () => measureRecycled(plan),
  amplification: () => measureAmplification(plan),
  replay: () => measureReplay(plan),
  documents: () => measureManyDocuments(plan),
};
console.log(JSON.stringify(await parts[values.part ?? ""]!()));
process.exit(0);
