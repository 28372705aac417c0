import { rotated } from "../../shared/rotation.ts";
import { refuseBusyGenerator } from "../generator-check.ts";
import { EdgeCell } from "./edge-cell.ts";
import type { SharePlan } from "./edge-plan.ts";
import { OTHER_CORE, startAnswered } from "./running-system.ts";

type Figures = Record<string, number>;

const GIVE_UP_MS = 3_000;

/**
 * `share.binary.edgeCpuSeconds` and so on, one record for each round. The edge-proxy has a core to itself, and the host
 * behind it answers at once: an edge that has to wait for a core is woken less often, for more at a time, and what it
 * then saves on its sockets hides what the link costs.
 */
export async function measureShares(
  plan: SharePlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const cells = new Map<string, EdgeCell>();
  const variants = [...plan.links, "alone"] as const;
  const perSecond = plan.clients * plan.perStream;
  const results: Figures[] = [];
  try {
    for (const variant of variants) {
      progress(`edge on a core of its own, ${variant}, warm-up`);
      const cell = await EdgeCell.start(await startAnswered(variant), plan.clients, OTHER_CORE);
      cells.set(variant, cell);
      await cell.run({ perSecond, warmupMs: 0, windowMs: plan.warmupMs, giveUpMs: GIVE_UP_MS });
    }
    for (let round = 0; round < rounds; round++) {
      progress(`edge on a core of its own, round ${round + 1} of ${rounds}`);
      const figures: Figures = {};
      for (const variant of rotated(variants, round)) {
        const load = { perSecond, warmupMs: plan.rampMs, windowMs: plan.windowMs, giveUpMs: GIVE_UP_MS };
        const window = await cells.get(variant)!.run(load);
        refuseBusyGenerator(window["generatorUtilization"]!, `edge on a core of its own, ${variant}`);
        for (const [name, value] of Object.entries(window)) figures[`share.${variant}.${name}`] = value;
      }
      for (const variant of plan.links) {
        const [linked, alone] = [figures[`share.${variant}.edgeCpuSeconds`]!, figures["share.alone.edgeCpuSeconds"]!];
        figures[`share.${variant}.linkSeconds`] = linked - alone;
      }
      results.push(figures);
    }
    return results;
  } finally {
    await Promise.all([...cells.values()].map((cell) => cell.stop()));
  }
}
