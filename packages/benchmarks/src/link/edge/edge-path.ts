import { rotated } from "../../shared/rotation.ts";
import { refuseBusyGenerator } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { linkVariants } from "../link-variants.ts";
import { EdgeCell, type EdgeVariant } from "./edge-cell.ts";

export type Figures = Record<string, number>;

/** `edge.800.binary.p95Ms` and so on, one record for each round; fresh processes in every cell. */
export async function measureEdge(
  plan: LinkPlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const results: Figures[] = Array.from({ length: rounds }, () => ({}));
  for (let round = 0; round < rounds; round++) {
    for (const level of plan.edge.levels) {
      const variants: readonly EdgeVariant[] =
        level === plan.edge.shareLevel ? [...linkVariants, "alone"] : linkVariants;
      for (const variant of rotated(variants, round)) {
        progress(`edge, round ${round + 1} of ${rounds}, ${level} clients, ${variant}`);
        const figures = await measureCell(plan, variant, level, progress);
        for (const [name, value] of Object.entries(figures))
          results[round]![`edge.${level}.${variant}.${name}`] = value;
      }
    }
  }
  return results;
}

async function measureCell(
  plan: LinkPlan,
  variant: EdgeVariant,
  level: number,
  progress: (text: string) => void,
): Promise<Figures> {
  const { perStream, warmupMs, windowMs } = plan.edge;
  const cell = await EdgeCell.start(variant, level);
  try {
    const perSecond = level * perStream;
    // The whole rate on a cold compiler leaves a backlog; it is worked off before anything is measured.
    await cell.run({ perSecond, warmupMs: 0, windowMs: warmupMs });
    const figures = await cell.run({ perSecond, warmupMs: plan.rampMs, windowMs });
    if (figures["refused"]! > 0) progress(`${figures["refused"]} refused, the first with ${cell.firstRefusal}`);
    refuseBusyGenerator(figures["generatorUtilization"]!, `${level} clients, ${variant}`);
    return figures;
  } finally {
    await cell.stop();
  }
}
