import { rotated } from "../../shared/rotation.ts";
import { GENERATOR_UTILIZATION_MAX, refuseBusyGenerator } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { type LinkVariant, linkVariants } from "../link-variants.ts";
import { DirectCell } from "./direct-cell.ts";

export type Figures = Record<string, number>;

/** `direct.800.binary.p95Ms` and so on, one record for each round. */
export async function measureDirect(
  plan: LinkPlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const generators = await measureGenerator(plan);
  const results: Figures[] = Array.from({ length: rounds }, () => ({ ...generators }));
  if (plan.hasFreshProcesses) {
    for (let round = 0; round < rounds; round++) {
      for (const level of plan.levels) {
        for (const variant of rotated(linkVariants, round)) {
          progress(`direct, round ${round + 1} of ${rounds}, ${level} streams, ${variant}`);
          const cell = await DirectCell.start(variant, level);
          await measureWindow(cell, plan, { variant, level, isCold: true }, results[round]!);
          await cell.stop();
        }
      }
    }
    return results;
  }
  for (const level of plan.levels) {
    progress(`direct, ${level} streams, ${rounds} rounds`);
    const cells = new Map<LinkVariant, DirectCell>();
    try {
      const start = async (variant: LinkVariant) => cells.set(variant, await DirectCell.start(variant, level));
      await Promise.all(linkVariants.map(start));
      for (let round = 0; round < rounds; round++) {
        for (const variant of rotated(linkVariants, round)) {
          await measureWindow(cells.get(variant)!, plan, { variant, level, isCold: round === 0 }, results[round]!);
        }
      }
    } finally {
      await Promise.all([...cells.values()].map((cell) => cell.stop()));
    }
  }
  return results;
}

async function measureWindow(
  cell: DirectCell,
  plan: LinkPlan,
  at: { readonly variant: LinkVariant; readonly level: number; readonly isCold: boolean },
  into: Figures,
): Promise<void> {
  const perSecond = at.level * plan.perStream;
  const measured = async (): Promise<Figures> => {
    if (at.isCold) await warmUp(cell, plan, perSecond);
    return cell.run({ perSecond, warmupMs: plan.rampMs, windowMs: plan.windowMs });
  };
  const figures = await measured().catch(async (error: unknown) => {
    await cell.stop();
    throw error;
  });
  for (const [name, value] of Object.entries(figures)) into[`direct.${at.level}.${at.variant}.${name}`] = value;
}

/** The whole rate on a cold compiler leaves a backlog; it is worked off before anything is measured. */
async function warmUp(cell: DirectCell, plan: LinkPlan, perSecond: number): Promise<void> {
  await cell.run({ perSecond, warmupMs: 0, windowMs: plan.warmupMs });
}

/** What the generator alone takes of the edge role's core at each level. */
async function measureGenerator(plan: LinkPlan): Promise<Figures> {
  const figures: Figures = {};
  for (const level of plan.levels) {
    const cell = await DirectCell.start("none", level);
    const load = { perSecond: level * plan.perStream, warmupMs: plan.rampMs, windowMs: plan.rampMs };
    const { edgeUtilization, cpuSeconds } = await cell.run(load);
    await cell.stop();
    refuseBusyGenerator(edgeUtilization!, `${level} streams, direct`);
    figures[`direct.${level}.generator.utilization`] = edgeUtilization!;
    figures[`direct.${level}.generator.cpuSeconds`] = cpuSeconds!;
  }
  return figures;
}

/** From here on an operation is too late to count as carried. */
const CAPACITY_P95_MS = 10;
const CARRIED_SHARE = 0.999;

/**
 * The highest rate of the ladder that a link carries with p95 below 10 ms and 99.9 % answered, one edge core. The ladder
 * ends where the generator alone would take 0.7 of that core.
 */
export async function measureCapacity(plan: LinkPlan, progress: (text: string) => void): Promise<Figures> {
  const { streams, rates } = plan.capacity;
  const generator = await DirectCell.start("none", streams);
  const within: number[] = [];
  for (const perSecond of rates) {
    const { edgeUtilization } = await generator.run({ perSecond, warmupMs: plan.rampMs / 2, windowMs: plan.rampMs });
    if (edgeUtilization! > GENERATOR_UTILIZATION_MAX) break;
    within.push(perSecond);
  }
  await generator.stop();
  const figures: Figures = { "capacity.generatorPerSecond": within.at(-1) ?? 0 };
  for (const variant of linkVariants) {
    progress(`capacity of ${variant}`);
    const cell = await DirectCell.start(variant, streams);
    try {
      figures[`capacity.${variant}PerSecond`] = await climb(cell, plan, within);
    } finally {
      await cell.stop();
    }
  }
  return figures;
}

/** The last rate that was carried. One that was not gets a second chance, because something else may have run just then. */
async function climb(cell: DirectCell, plan: LinkPlan, rates: readonly number[]): Promise<number> {
  let carried = 0;
  await warmUp(cell, plan, rates[0] ?? 1);
  for (const perSecond of rates) {
    let isCarried = false;
    for (let attempt = 0; attempt < 2 && !isCarried; attempt++) {
      const figures = await cell.run({ perSecond, warmupMs: plan.rampMs, windowMs: plan.capacity.windowMs });
      isCarried = figures["p95Ms"]! < CAPACITY_P95_MS && figures["unansweredShare"]! <= 1 - CARRIED_SHARE;
    }
    if (!isCarried) break;
    carried = perSecond;
  }
  return carried;
}

/** How the binary link batches at a high rate, and what it adds to the payload. */
export async function measureBatching(plan: LinkPlan, progress: (text: string) => void): Promise<Figures> {
  const { streams, perSecond, windowMs } = plan.batch;
  progress(`batching at ${perSecond} operations/s`);
  const cell = await DirectCell.start("binary", streams);
  try {
    await cell.run({ perSecond, warmupMs: plan.rampMs, windowMs });
    const traffic = await cell.traffic();
    return Object.fromEntries(Object.entries(traffic).map(([name, value]) => [`batch.${name}`, value]));
  } finally {
    await cell.stop();
  }
}
