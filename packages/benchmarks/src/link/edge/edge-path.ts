import { rotated } from "../../shared/rotation.ts";
import type { LinkVariant } from "../link-variants.ts";
import type { EdgeLevel, EdgePlan } from "./edge-plan.ts";
import { EdgeSystems } from "./edge-systems.ts";
import { measureReach } from "./reach.ts";
import { measureShares } from "./share-path.ts";

export type Figures = Record<string, number>;

export interface EdgeFigures {
  readonly rounds: readonly Figures[];
  readonly once: Figures;
}

/** A level that a link does not carry: so much unanswered once, and it is measured no further there. */
const OVERLOADED_SHARE = 0.1;

/**
 * Through the whole system: `edge.800.binary.p95Ms` and so on at every level, and what `measureReach` finds; and before a
 * host that answers at once, the link's share of the edge. One record for each round.
 */
export async function measureEdge(
  plan: EdgePlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<EdgeFigures> {
  const shares = await measureShares(plan, rounds, progress);
  const results: Figures[] = shares.map((figures) => ({ ...figures }));
  const systems = new EdgeSystems(plan, progress);
  let once: Figures = {};
  try {
    for (const level of plan.levels) {
      const levelResults = results.slice(0, plan.levelRoundsMax);
      await measureLevel({ systems, links: plan.links }, level, levelResults, progress);
      if (level.clients !== plan.reach.clients) continue;
      const reach = await measureReach(systems, plan, rounds, progress);
      once = reach.once;
      for (const [round, figures] of reach.rounds.entries()) Object.assign(results[round]!, figures);
    }
  } finally {
    await systems.stop();
  }
  return { rounds: results, once };
}

async function measureLevel(
  { systems, links }: { readonly systems: EdgeSystems; readonly links: readonly LinkVariant[] },
  level: EdgeLevel,
  results: readonly Figures[],
  progress: (text: string) => void,
): Promise<void> {
  const { clients, perStream } = level;
  const overloaded = new Set<string>();
  for (const [round, figures] of results.entries()) {
    progress(`edge, ${clients} clients, round ${round + 1} of ${results.length}`);
    for (const variant of rotated(links, round)) {
      if (overloaded.has(variant)) continue;
      const window = await systems.run(variant, clients, clients * perStream);
      if (window["unansweredShare"]! > OVERLOADED_SHARE) overloaded.add(variant);
      for (const [name, value] of Object.entries(window)) figures[`edge.${clients}.${variant}.${name}`] = value;
    }
  }
}
