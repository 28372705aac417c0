import { readFileSync } from "node:fs";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { appendTo, benchFolder, type OpenDocument, openBenchLog, openDocuments, PATCH_BYTES } from "./bench-log.ts";
import type { LogPlan, LogRounds } from "./log-process.ts";

const DOCUMENTS = 64;
const SNAPSHOT_BYTES = 40_000;
/** A snapshot when the patches after the last one weigh as much as it does. */
const SNAPSHOT_EVERY = SNAPSHOT_BYTES / PATCH_BYTES;
const MIB = 1024 * 1024;
/** A round of fewer fills no segment, and nothing is compacted. */
const APPENDS_MIN = 20_000;

/** Bytes this process has handed to the kernel in writes, threads included (Linux). */
function writtenBytes(): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))![1]);
}

/** Bytes written for each byte of a patch: the log alone, and with snapshots, checkpoints and compaction. */
export async function measureAmplification(plan: LogPlan): Promise<LogRounds> {
  const folder = benchFolder();
  const settings = { segmentBytes: 8 * MIB, snapshotSegmentBytes: 8 * MIB, checkpointBytes: 8 * MIB };
  const own = { compactionMs: 3_600_000, historyMs: 0, queueMaxMs: 60_000 };
  const plain = await openBenchLog({ directory: `${folder}/plain`, ...own });
  const full = await openBenchLog({ directory: `${folder}/full`, ...own, ...settings });
  const plainDocuments = await openDocuments(plain, DOCUMENTS);
  const fullDocuments = await openDocuments(full, DOCUMENTS);
  const appends = Math.max(APPENDS_MIN, plan.records / 16);
  const rounds: LogRounds = [];
  for (let round = 0; round < plan.rounds; round++) {
    const alone = await bytesOf(appends, () => appendAll(plain, plainDocuments, appends, async () => {}));
    let appended = 0;
    const compacted = await bytesOf(appends, () =>
      appendAll(full, fullDocuments, appends, async (open) => {
        if (open.seq % SNAPSHOT_EVERY === 0) {
          const data = Buffer.alloc(SNAPSHOT_BYTES, open.seq);
          await full.snapshot(open.document, { epoch: open.epoch, seq: open.seq, data });
        }
        if (++appended % 4_000 === 0) await full.compact();
      }),
    );
    rounds.push({ "amp.plain": alone, "amp.compacted": compacted });
  }
  await plain.close();
  await full.close();
  return rounds;
}

async function appendAll(
  engine: LocalLogEngine,
  documents: readonly OpenDocument[],
  appends: number,
  after: (open: OpenDocument) => Promise<void>,
): Promise<void> {
  await Promise.all(
    documents.map(async (open) => {
      for (let turn = 0; turn < appends / documents.length; turn++) {
        await appendTo(engine, open);
        await after(open);
      }
    }),
  );
}

async function bytesOf(appends: number, work: () => Promise<void>): Promise<number> {
  const before = writtenBytes();
  await work();
  return (writtenBytes() - before) / (appends * PATCH_BYTES);
}
