import { GENERATOR_UTILIZATION_MAX, refuseBusyGenerator } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { DirectCell } from "./direct-cell.ts";
import type { Load } from "./direct-figures.ts";
import { type Figures, SideBySide, warmUp } from "./side-by-side.ts";

/** The generator has no link whose backlog would have to be given up. */
const GIVE_UP_MS = 1_000;
/** With less, the figures of the generator are those of single ticks. */
const GENERATOR_WINDOW_MIN_MS = 300;

/** `direct.800.binary.p95Ms` and so on, one record for each round. */
export async function measureDirect(
  plan: LinkPlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const generators = await measureGenerator(plan);
  const results: Figures[] = Array.from({ length: rounds }, () => ({ ...generators }));
  const links = new SideBySide(plan.links, plan, progress);
  try {
    for (const streams of plan.levels) {
      const perSecond = streams * plan.perStream;
      await links.measure({ prefix: `direct.${streams}`, streams, perSecond, hasFineWindows: true }, results);
    }
  } finally {
    await links.stop();
  }
  return results;
}

/**
 * What the generator alone takes of the edge role's core at each level, warm as it is in the cells it is compared with. Of
 * the generator that never sleeps it is the share of its turns that the load costs: those with nothing to do are no work. (The first
 * look at the turns is for the compiler.)
 */
async function measureGenerator(plan: LinkPlan): Promise<Figures> {
  const figures: Figures = {};
  const cell = await DirectCell.start("none", plan.levels[0]!);
  const windowMs = Math.max(plan.windowMs / 2, GENERATOR_WINDOW_MIN_MS);
  try {
    await warmUp(cell, plan.warmupMs, plan.levels.at(-1)! * plan.perStream);
    await cell.idleTurnsPerCpuSecond(windowMs);
    for (const level of plan.levels) {
      await cell.openStreams(level);
      const load = { perSecond: level * plan.perStream, warmupMs: plan.rampMs, windowMs, giveUpMs: GIVE_UP_MS };
      const { edgeUtilization, cpuSeconds } = await cell.run(load);
      let fineUtilization = await fineUtilizationOf(cell, load);
      // Something else may have run just then: turns are dearer on a core whose caches are not its own.
      if (fineUtilization > GENERATOR_UTILIZATION_MAX) fineUtilization = await fineUtilizationOf(cell, load);
      refuseBusyGenerator(edgeUtilization!, `${level} streams, direct`);
      refuseBusyGenerator(fineUtilization, `${level} streams, direct, looking at the clock in every turn`);
      figures[`direct.${level}.generator.utilization`] = edgeUtilization!;
      figures[`direct.${level}.generator.cpuSeconds`] = cpuSeconds!;
      figures[`direct.${level}.generator.fine.utilization`] = fineUtilization;
    }
  } finally {
    await cell.stop();
  }
  return figures;
}

/** Idle turns are counted directly before, on the same machine. */
async function fineUtilizationOf(cell: DirectCell, load: Load): Promise<number> {
  const idleTurns = await cell.idleTurnsPerCpuSecond(load.windowMs);
  const { turnsPerCpuSecond } = await cell.run({ ...load, wake: "turn" });
  return Math.max(0, 1 - turnsPerCpuSecond! / idleTurns);
}
