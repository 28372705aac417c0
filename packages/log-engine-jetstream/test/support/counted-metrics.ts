import { type MetricsSink, noMetrics } from "@tidewire/foundation";

/** Sums of counters and last values of gauges, by name without the prefix of the package. */
export function countedMetrics(): { readonly sink: MetricsSink; readonly values: Map<string, number> } {
  const values = new Map<string, number>();
  const key = (name: string): string => name.replace("tidewire_log_engine_jetstream_", "");
  const sink: MetricsSink = {
    ...noMetrics,
    counter: (name) => ({ add: (amount = 1) => void values.set(key(name), (values.get(key(name)) ?? 0) + amount) }),
    gauge: (name) => ({
      set: (value) => void values.set(key(name), value),
      add: (amount) => void values.set(key(name), (values.get(key(name)) ?? 0) + amount),
    }),
  };
  return { sink, values };
}
