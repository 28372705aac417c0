import type { MetricsSink } from "@tidewire/foundation";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export { Registry } from "prom-client";

/** The metrics of one process, with those of Node itself (memory, event-loop delay, garbage collection). */
export function createRegistry(role: string, nodeId: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ role, node: nodeId });
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Backs the sink of our packages with prom-client. Declaring a name twice hands out the same metric. */
export function prometheusSink(registry: Registry): MetricsSink {
  return {
    counter(name, help, labelNames = []) {
      const metric =
        (registry.getSingleMetric(name) as Counter | undefined) ??
        new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
      return { add: (amount = 1, labels = {}) => metric.inc(labels, amount) };
    },
    gauge(name, help, labelNames = []) {
      const metric =
        (registry.getSingleMetric(name) as Gauge | undefined) ??
        new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
      return {
        set: (value, labels = {}) => metric.set(labels, value),
        add: (amount, labels = {}) => metric.inc(labels, amount),
      };
    },
    histogram(name, help, buckets, labelNames = []) {
      const metric =
        (registry.getSingleMetric(name) as Histogram | undefined) ??
        new Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [registry] });
      return { observe: (value, labels = {}) => metric.observe(labels, value) };
    },
  };
}
