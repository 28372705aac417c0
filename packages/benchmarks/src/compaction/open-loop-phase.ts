import type { LocalLogEngine } from "@tidewire/log-engine-local";
import { appendTo, type OpenDocument } from "../log/bench-log.ts";
import { Samples } from "../shared/samples.ts";

export interface LoadOptions {
  readonly durationMs: number;
  readonly appendsPerSecond: number;
}

export interface LatencyPhase {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Appends that are due at a steady rate, whatever became of those before; latency begins when one is due.
 * The loop looks at the clock in every turn: the timer of Node, with its millisecond, would be most of what is measured.
 */
export async function openLoopPhase(
  engine: LocalLogEngine,
  documents: readonly OpenDocument[],
  { durationMs, appendsPerSecond }: LoadOptions,
  appended: (open: OpenDocument) => void = () => {},
): Promise<LatencyPhase> {
  const latencies = new Samples();
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  const append = async (open: OpenDocument, dueAt: number): Promise<void> => {
    await appendTo(engine, open);
    latencies.add(performance.now() - dueAt);
    appended(open);
  };
  for (let next = 0; ; ) {
    const elapsed = performance.now() - startedAt;
    if (elapsed >= durationMs) break;
    for (const due = (elapsed * appendsPerSecond) / 1_000; next <= due; next++) {
      const sent = append(documents[next % documents.length]!, startedAt + (next * 1_000) / appendsPerSecond);
      underWay.add(sent);
      void sent.finally(() => underWay.delete(sent));
    }
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await Promise.all(underWay);
  return { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99), max: latencies.percentile(1) };
}
