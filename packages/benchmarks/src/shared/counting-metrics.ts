import type { Labels, MetricsSink } from "@tidewire/foundation";

/** Sums of counters, by `name` and `name{label value}`; everything else is thrown away. */
export class CountingMetrics implements MetricsSink {
  readonly sums: Record<string, number> = {};

  counter(name: string) {
    return {
      add: (amount = 1, labels?: Labels): void => {
        const key = labels === undefined ? name : `${name}{${Object.values(labels).join(",")}}`;
        this.sums[key] = (this.sums[key] ?? 0) + amount;
      },
    };
  }

  gauge() {
    return { set: () => {}, add: () => {} };
  }

  histogram() {
    return { observe: () => {} };
  }
}
