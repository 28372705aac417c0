import type { LocalLogSettings } from "@tidewire/log-engine-local";
import { Samples } from "../shared/samples.ts";
import { appendTo, benchDocument, benchFolder, openBenchLog } from "./bench-log.ts";
import type { LogPlan, LogRounds } from "./log-process.ts";

const BATCH = 2_000;
/** Few documents are kept ready for writes, so that what is measured are those at rest. */
const ACTIVE_DOCUMENTS = 1_000;

/** Openings of either store in a round, if they are scaled to a million: the small difference is multiplied with its noise. */
const SCALED_PAIRS = 5;

/** What a document at rest takes in memory, its snapshot written, and how long a checkpoint of all takes to open. */
export async function measureManyDocuments(plan: LogPlan): Promise<LogRounds> {
  const folder = benchFolder();
  const settings = {
    directory: `${folder}/log`,
    compactionMs: 3_600_000,
    queueMaxMs: 60_000,
    activeDocumentsMax: ACTIVE_DOCUMENTS,
  };
  const engine = await openBenchLog({ ...settings, paceFloorBytes: 2 ** 40, paceCapBytes: 2 ** 40 });
  // What there is once (buffers, code, the documents kept ready) is there after the first quarter.
  const quarter = plan.documents / 4;
  let before = 0;
  const state = Buffer.alloc(64);
  for (let from = 0; from < plan.documents; from += BATCH) {
    if (before === 0 && from >= quarter) before = await usedBytes();
    await Promise.all(
      Array.from({ length: Math.min(BATCH, plan.documents - from) }, async (_, index) => {
        const document = benchDocument(from + index);
        const { epoch, seq } = await engine.open(document, `host-${index % 5}`);
        await appendTo(engine, { document, epoch, seq });
        await engine.snapshot(document, { epoch, seq: seq + 1, data: state });
        await engine.release(document, epoch);
      }),
    );
  }
  const bytes = ((await usedBytes()) - before) / (plan.documents - Math.ceil(quarter / BATCH) * BATCH);
  await engine.compact({ withCheckpoint: true });
  await engine.close();
  const rounds: LogRounds = [];
  // What the compiler takes the first time is no matter of the number of documents, and must not be scaled with it.
  await openMsOf({ ...settings, directory: `${folder}/empty` }, 0);
  await openMsOf(settings, plan.documents);
  for (let round = 0; round < plan.rounds; round++) {
    const empty = new Samples();
    const full = new Samples();
    for (let pair = 0; pair < (plan.documents < 1e6 ? SCALED_PAIRS : 1); pair++) {
      empty.add(await openMsOf({ ...settings, directory: `${folder}/empty` }, 0));
      full.add(await openMsOf(settings, plan.documents));
    }
    const [emptyMs, openMs] = [empty.percentile(0.5), full.percentile(0.5)];
    // The threads and the first segment are the same for every store.
    const perMillion = emptyMs + ((openMs - emptyMs) / plan.documents) * 1e6;
    rounds.push({ "memory.bytesPerDocument": bytes, "checkpoint.openMs": openMs, "checkpoint.millionMs": perMillion });
  }
  return rounds;
}

async function openMsOf(settings: LocalLogSettings, documents: number): Promise<number> {
  const startedAt = performance.now();
  const engine = await openBenchLog(settings);
  const openMs = performance.now() - startedAt;
  if (engine.status.documents !== documents) throw new Error("documents are missing");
  await engine.close();
  return openMs;
}

/** On V8's heap and beside it, after the garbage is gone. */
async function usedBytes(): Promise<number> {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc!();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
