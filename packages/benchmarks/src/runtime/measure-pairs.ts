import { rotated } from "../shared/rotation.ts";
import type { CaseFigures, CaseOptions } from "./case-figures.ts";
import { collectYoung } from "./garbage.ts";

/** Something that is measured beside others. */
export interface Variant {
  readonly name: string;
  /** Does its work `calls` times and returns the CPU us that it wants to be measured by. */
  measure(calls: number): number;
  /** For work that measures only a part of itself: this many calls, whatever their time. */
  readonly calls?: number;
}

const PASSES = 2;

/** A variant all of whose work counts. */
export function variant(name: string, step: () => void): Variant {
  return {
    name,
    measure: (calls) => {
      const start = process.cpuUsage();
      for (let call = 0; call < calls; call++) step();
      return cpuMicrosSince(start);
    },
  };
}

export function cpuMicrosSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return used.user + used.system;
}

/**
 * CPU us per call of every variant, in as many pairs as asked for. In each pair all variants run one after the other, each
 * time beginning with another one; each pays for the collection of its own garbage only.
 */
export function measurePairs(variants: readonly Variant[], options: CaseOptions): CaseFigures {
  const calls = warmUp(variants, options);
  return Array.from({ length: options.pairs }, (_, pair) => {
    const micros = new Map<string, number>();
    for (const each of rotated(variants, pair)) {
      collectYoung();
      const count = calls.get(each)!;
      micros.set(each.name, each.measure(count) / count);
    }
    return Object.fromEntries(variants.map(({ name }) => [name, micros.get(name)!]));
  });
}

/** Runs everything until it is compiled, in several passes so that each also sees what the others do to shared code. */
function warmUp(variants: readonly Variant[], options: CaseOptions): Map<Variant, number> {
  const counts = new Map<Variant, number>();
  for (let pass = 0; pass < PASSES; pass++) {
    for (const each of variants) {
      if (each.calls === undefined) counts.set(each, callsFor(each, counts.get(each) ?? 1, options));
      else {
        counts.set(each, each.calls);
        each.measure(each.calls);
      }
    }
  }
  return counts;
}

/** How many calls a measurement takes, found out while warming up. */
function callsFor(each: Variant, first: number, { measureMs, warmUpMs }: CaseOptions): number {
  const wanted = measureMs * 1_000;
  let calls = first;
  for (let spent = 0; ; ) {
    const micros = each.measure(calls);
    spent += micros;
    const isLongEnough = micros >= wanted * 0.8;
    if (isLongEnough && spent * PASSES >= warmUpMs * 1_000) return Math.max(1, Math.round((calls * wanted) / micros));
    if (!isLongEnough) calls = Math.ceil(calls * Math.min(8, (1.1 * wanted) / Math.max(micros, 1)));
  }
}
