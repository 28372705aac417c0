import { linkSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Logger, noLogger } from "@tidewire/foundation";
import { appendTo, benchFolder, openBenchLog, openDocuments } from "./bench-log.ts";
import type { LogPlan, LogRounds } from "./log-process.ts";

const PATCHES = 12;
const BATCH = 2_000;

/** Records a second that a start reads from a log without any checkpoint, as a process that was killed leaves it. */
export async function measureReplay(plan: LogPlan): Promise<LogRounds> {
  const folder = benchFolder();
  const source = join(folder, "log");
  const settings = { compactionMs: 3_600_000, queueMaxMs: 60_000 };
  const engine = await openBenchLog({ directory: source, ...settings });
  const count = Math.ceil(plan.records / PATCHES);
  const documents = await openDocuments(engine, count);
  for (let turn = 0; turn < PATCHES; turn++) {
    for (let from = 0; from < count; from += BATCH) {
      await Promise.all(documents.slice(from, from + BATCH).map((open) => appendTo(engine, open)));
    }
  }
  const rounds: LogRounds = [];
  // One more for warming up: a start in production is cold, but the same for every version of this.
  for (let round = 0; round <= plan.rounds; round++) {
    const directory = join(folder, `copy-${round}`);
    linkStore(source, directory);
    let replayed = 0;
    const logger: Logger = {
      ...noLogger,
      info: (fields) => {
        replayed ||= (fields as { readonly replayedRecords?: number }).replayedRecords ?? 0;
      },
    };
    const startedAt = performance.now();
    const opened = await openBenchLog({ directory, ...settings }, { logger });
    const seconds = (performance.now() - startedAt) / 1_000;
    if (replayed < count * PATCHES) throw new Error(`${replayed} records were replayed`);
    if (round > 0) rounds.push({ "recover.perSecond": replayed / seconds, "recover.records": replayed });
    await opened.close();
    rmSync(directory, { recursive: true });
  }
  await engine.close();
  return rounds;
}

/** The same files under other names: a start changes none of them but the last batch, which it writes as it is. */
function linkStore(source: string, target: string): void {
  for (const folder of ["log", "snapshots"]) mkdirSync(join(target, folder), { recursive: true });
  linkSync(join(source, "STORE"), join(target, "STORE"));
  for (const name of readdirSync(join(source, "log"))) linkSync(join(source, "log", name), join(target, "log", name));
}
