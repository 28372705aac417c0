import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzip } from "node:zlib";
import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { Samples } from "../shared/samples.ts";
import { appendTo, type OpenDocument, patch, RECORD_BYTES } from "./bench-log.ts";

export interface AppendPhase {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** So many appenders, each with one append under way, for so long. Each always writes its own documents. */
export async function appendPhase(
  engine: LocalLogEngine,
  documents: readonly OpenDocument[],
  appenders: number,
  durationMs: number,
): Promise<AppendPhase> {
  const latencies = new Samples();
  const startedAt = performance.now();
  const loop = async (appender: number): Promise<void> => {
    for (let turn = appender; performance.now() - startedAt < durationMs; turn += appenders) {
      const sentAt = performance.now();
      await appendTo(engine, documents[turn % documents.length]!);
      latencies.add(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: appenders }, (_, appender) => loop(appender)));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { perSecond: latencies.count / seconds, p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) };
}

/** What the device allows: a bare loop of write and fdatasync over the same bytes in groups of the same size. */
export async function rawPhase(folder: string, group: number, durationMs: number): Promise<number> {
  const path = join(folder, "raw");
  const descriptor = fs.openSync(path, "wx");
  const bytes = Buffer.concat(
    Array.from({ length: group }, () => [Buffer.alloc(RECORD_BYTES - patch.length), patch]).flat(),
  );
  const startedAt = performance.now();
  let groups = 0;
  for (; performance.now() - startedAt < durationMs; groups++) {
    await done((callback) => fs.write(descriptor, bytes, 0, bytes.length, groups * bytes.length, callback));
    await done((callback) => fs.fdatasync(descriptor, callback));
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  fs.closeSync(descriptor);
  fs.unlinkSync(path);
  return (groups * group) / seconds;
}

/** Keeps libuv's pool full of compression until it is stopped. */
export function fillPool(): () => Promise<void> {
  let isStopped = false;
  const input = Buffer.alloc(300_000, "the quick brown fox ");
  const job = async (): Promise<void> => {
    while (!isStopped) await new Promise((resolve) => gzip(input, resolve));
  };
  const jobs = Array.from({ length: 6 }, job);
  return async () => {
    isStopped = true;
    await Promise.all(jobs);
    await pause(20);
  };
}

function done(call: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === null ? resolve() : reject(error)));
  });
}
