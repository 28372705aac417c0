import { type MetricsSink, noLogger, noMetrics, SystemClock, SystemRandom } from "@tidewire/foundation";
import { type JetStreamLogEngine, type JetStreamLogSettings, openJetStreamLogEngine } from "../../src/index.ts";

/** An engine as one process of log storage would have it: a connection of its own, and nothing shared. */
export function openEngine(
  servers: readonly string[],
  settings: Omit<Partial<JetStreamLogSettings>, "access"> = {},
  metrics: MetricsSink = noMetrics,
): Promise<JetStreamLogEngine> {
  const modules = { clock: new SystemClock(), random: new SystemRandom(), logger: noLogger, metrics };
  return openJetStreamLogEngine({ partitions: 2, ...settings, access: { servers } }, modules);
}
