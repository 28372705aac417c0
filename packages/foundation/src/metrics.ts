/** Labels must come from small fixed sets: never a document key, a principal or an address. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  /** Adds `amount`, 1 by default. */
  add(amount?: number, labels?: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(amount: number, labels?: Labels): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/**
 * Where metrics go. Packages without I/O take this and declare each metric once, in one file; the service adapter backs
 * it with prom-client. Names follow Prometheus: `tidewire_<package>_<what>_<unit>`, counters end in `_total`.
 */
export interface MetricsSink {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): Histogram;
}

const nothing = (): void => {};

/** For tests and tools. */
export const noMetrics: MetricsSink = {
  counter: () => ({ add: nothing }),
  gauge: () => ({ set: nothing, add: nothing }),
  histogram: () => ({ observe: nothing }),
};
