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
  latencies = new Samples(),
): Promise<AppendPhase> {
  const before = latencies.count;
  const startedAt = performance.now();
  const loop = async (appender: number): Promise<void> => {
    // One look at the clock for each append: the end of one is the beginning of the next.
    let sentAt = performance.now();
    for (let turn = appender; sentAt - startedAt < durationMs; turn += appenders) {
      await appendTo(engine, documents[turn % documents.length]!);
      const answeredAt = performance.now();
      latencies.add(answeredAt - sentAt);
      sentAt = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: appenders }, (_, appender) => loop(appender)));
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    perSecond: (latencies.count - before) / seconds,
    p50: latencies.percentile(0.5),
    p99: latencies.percentile(0.99),
  };
}

/**
 * What the device allows: a bare loop of write and fdatasync over the same bytes in groups of the same size. The file grows
 * from phase to phase, as the log does: to remove it would leave freeing its blocks to the sync of whoever comes next.
 */
export class RawLoop {
  readonly #descriptor: number;
  #position = 0;

  constructor(folder: string) {
    this.#descriptor = fs.openSync(join(folder, "raw"), "wx");
  }

  /** Records a second. */
  async phase(group: number, durationMs: number): Promise<number> {
    const record = Buffer.concat([Buffer.alloc(RECORD_BYTES - patch.length), patch]);
    const bytes = Buffer.concat(Array.from({ length: group }, () => record));
    const descriptor = this.#descriptor;
    const startedAt = performance.now();
    let groups = 0;
    for (; performance.now() - startedAt < durationMs; groups++) {
      await done((callback) => fs.write(descriptor, bytes, 0, bytes.length, this.#position, callback));
      await done((callback) => fs.fdatasync(descriptor, callback));
      this.#position += bytes.length;
    }
    return (groups * group) / ((performance.now() - startedAt) / 1_000);
  }
}

export interface AppendPair {
  readonly engine: AppendPhase;
  readonly rawPerSecond: number;
}

/** Both in turn, in quarters of a pair: one, the other, the other, the one; a disk that drifts favours neither. */
export async function appendPair(
  modules: { readonly engine: LocalLogEngine; readonly documents: readonly OpenDocument[]; readonly raw: RawLoop },
  appenders: number,
  plan: { readonly phaseMs: number; readonly isRawFirst: boolean },
): Promise<AppendPair> {
  const { engine, documents, raw } = modules;
  const halfMs = plan.phaseMs / 2;
  const latencies = new Samples();
  const rates = { engine: 0, raw: 0 };
  for (const isRaw of [plan.isRawFirst, !plan.isRawFirst, !plan.isRawFirst, plan.isRawFirst]) {
    if (isRaw) rates.raw += (await raw.phase(appenders, halfMs)) / 2;
    else rates.engine += (await appendPhase(engine, documents, appenders, halfMs, latencies)).perSecond / 2;
  }
  const phase = { perSecond: rates.engine, p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) };
  return { engine: phase, rawPerSecond: rates.raw };
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
