import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DocumentName,
  type Logger,
  type MetricsSink,
  noLogger,
  noMetrics,
  SystemClock,
} from "@tidewire/foundation";
import { type LocalLogEngine, type LocalLogSettings, openLocalLogEngine } from "@tidewire/log-engine-local";
import { builtFile } from "../shared/built-file.ts";

/** Bytes of a patch; the middle of what documents write. */
export const PATCH_BYTES = 400;
/** Header and padding of a record with such a patch, as FORMAT.md of the engine says. */
export const RECORD_BYTES = 40 + PATCH_BYTES;

/** A folder that is gone when the process ends. */
export function benchFolder(): string {
  const folder = mkdtempSync(join(process.env["BENCH_DIRECTORY"] ?? tmpdir(), "tidewire-bench-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  // The timers of the log keep no process alive: a service has its sockets for that.
  setInterval(() => {}, 1_000);
  return folder;
}

/** The engine as log-storage opens it: with its I/O threads. */
export function openBenchLog(
  settings: LocalLogSettings,
  modules: { readonly logger?: Logger; readonly metrics?: MetricsSink } = {},
): Promise<LocalLogEngine> {
  const { logger = noLogger, metrics = noMetrics } = modules;
  const ioWorker = new URL(`file://${builtFile("log-io-worker.js")}`);
  return openLocalLogEngine(settings, { clock: new SystemClock(), logger, metrics, ioWorker });
}

export interface OpenDocument {
  readonly document: DocumentName;
  readonly epoch: number;
  seq: number;
}

export function benchDocument(index: number): DocumentName {
  return { space: "bench-space", key: `document-${String(index).padStart(11, "0")}` };
}

export function openDocuments(engine: LocalLogEngine, count: number): Promise<OpenDocument[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const document = benchDocument(index);
      const { epoch, seq } = await engine.open(document, "bench");
      return { document, epoch, seq };
    }),
  );
}

export const patch = randomFillSync(Buffer.alloc(PATCH_BYTES));

export function appendTo(engine: LocalLogEngine, open: OpenDocument): Promise<void> {
  const expectedSeq = open.seq++;
  return engine.append(open.document, { epoch: open.epoch, expectedSeq, seq: open.seq, data: patch });
}
