import { rotated } from "../../shared/rotation.ts";
import { refuseBusyGenerator } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { type LinkVariant, linkVariants } from "../link-variants.ts";
import { DirectCell } from "./direct-cell.ts";

export type Figures = Record<string, number>;

/** At a level that a link does not carry, longer than a call may take: then only what is really late is left. */
const GIVE_UP_MS = 12_000;

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
  await measureSideBySide(plan, results, progress);
  return results;
}

/** The same processes at every level, from the lowest to the highest: warmed up once, and a ramp before every window. */
async function measureSideBySide(plan: LinkPlan, results: Figures[], progress: (text: string) => void): Promise<void> {
  const cells = new Map<LinkVariant, DirectCell>();
  /** New processes, which are cold. */
  const renewed = new Set<LinkVariant>();
  try {
    for (const level of plan.levels) {
      const isFirst = level === plan.levels[0];
      progress(`direct, ${level} streams, ${results.length} rounds`);
      for (const variant of linkVariants) {
        if (isFirst) cells.set(variant, await DirectCell.start(variant, level));
        else await cells.get(variant)!.openStreams(level);
      }
      for (const [round, figures] of results.entries()) {
        for (const variant of rotated(linkVariants, round)) {
          const isCold = (isFirst && round === 0) || renewed.delete(variant);
          const cell = cells.get(variant)!;
          await measureWindow(cell, plan, { variant, level, isCold }, figures);
          if (cell.gaveUp === undefined) continue;
          progress(`${variant} was overloaded: ${cell.gaveUp}; starting again`);
          await cell.stop();
          cells.set(variant, await DirectCell.start(variant, level));
          renewed.add(variant);
        }
      }
    }
  } finally {
    await Promise.all([...cells.values()].map((cell) => cell.stop()));
  }
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
    return cell.run({ perSecond, warmupMs: plan.rampMs, windowMs: plan.windowMs, giveUpMs: GIVE_UP_MS });
  };
  const figures = await measured().catch(async (error: unknown) => {
    await cell.stop();
    throw error;
  });
  for (const [name, value] of Object.entries(figures)) into[`direct.${at.level}.${at.variant}.${name}`] = value;
}

/** The whole rate on a cold compiler leaves a backlog; it is worked off before anything is measured. */
export async function warmUp(cell: DirectCell, plan: LinkPlan, perSecond: number): Promise<void> {
  await cell.run({ perSecond, warmupMs: 0, windowMs: plan.warmupMs, giveUpMs: GIVE_UP_MS });
}

/** What the generator alone takes of the edge role's core at each level, warm as it is in the cells it is compared with. */
async function measureGenerator(plan: LinkPlan): Promise<Figures> {
  const figures: Figures = {};
  const cell = await DirectCell.start("none", plan.levels[0]!);
  try {
    const highest = plan.levels.at(-1)! * plan.perStream;
    await cell.run({ perSecond: highest, warmupMs: 0, windowMs: 2 * plan.rampMs, giveUpMs: GIVE_UP_MS });
    for (const level of plan.levels) {
      await cell.openStreams(level);
      const perSecond = level * plan.perStream;
      const load = { perSecond, warmupMs: plan.rampMs / 2, windowMs: plan.rampMs, giveUpMs: GIVE_UP_MS };
      const { edgeUtilization, cpuSeconds } = await cell.run(load);
      refuseBusyGenerator(edgeUtilization!, `${level} streams, direct`);
      figures[`direct.${level}.generator.utilization`] = edgeUtilization!;
      figures[`direct.${level}.generator.cpuSeconds`] = cpuSeconds!;
    }
  } finally {
    await cell.stop();
  }
  return figures;
}
