import type { Labels, MetricsSink } from "@tidewire/foundation";

/** Metrics as a map from `name{label=value}` to the current value; of a histogram the count. */
export class MetricsRecorder implements MetricsSink {
  readonly #values = new Map<string, number>();
  readonly #prefix: string;

  /** @param prefix what the names begin with that are asked for. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  counter(name: string) {
    return { add: (amount = 1, labels?: Labels) => this.#add(name, labels, amount) };
  }

  gauge(name: string) {
    return {
      set: (value: number, labels?: Labels) => void this.#values.set(keyOf(name, labels), value),
      add: (amount: number, labels?: Labels) => this.#add(name, labels, amount),
    };
  }

  histogram(name: string) {
    return { observe: (_value: number, labels?: Labels) => this.#add(name, labels, 1) };
  }

  /** 0 for what was never told. */
  value(key: string): number {
    return this.#values.get(`${this.#prefix}${key}`) ?? 0;
  }

  /** Of everything of that name that was told: with different labels, so many of them. */
  keys(name: string): readonly string[] {
    return [...this.#values.keys()].filter((key) => key === name || key.startsWith(`${name}{`));
  }

  #add(name: string, labels: Labels | undefined, amount: number): void {
    const key = keyOf(name, labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }
}

function keyOf(name: string, labels: Labels = {}): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
}
