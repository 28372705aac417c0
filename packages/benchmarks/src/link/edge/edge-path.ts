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

/** So much unanswered in a window, and gRPC is not loaded with that rate, or a higher one, at any level again. */
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
  const shares = await measureShares(plan.share, rounds, progress);
  const results: Figures[] = shares.map((figures) => ({ ...figures }));
  const systems = new EdgeSystems(plan, progress);
  const levels = new Levels(systems, plan.links, progress);
  let once: Figures = {};
  try {
    for (const level of plan.levels) {
      await levels.measure(level, results.slice(0, plan.levelRoundsMax));
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

class Levels {
  readonly #systems: EdgeSystems;
  readonly #links: readonly LinkVariant[];
  readonly #progress: (text: string) => void;
  /** Rates at which a link was overloaded. */
  readonly #overloadedAt = new Map<LinkVariant, number>();

  constructor(systems: EdgeSystems, links: readonly LinkVariant[], progress: (text: string) => void) {
    this.#systems = systems;
    this.#links = links;
    this.#progress = progress;
  }

  async measure({ clients, perStream }: EdgeLevel, results: readonly Figures[]): Promise<void> {
    const perSecond = clients * perStream;
    for (const [round, figures] of results.entries()) {
      this.#progress(`edge, ${clients} clients, round ${round + 1} of ${results.length}`);
      for (const variant of rotated(this.#links, round)) {
        if (perSecond >= (this.#overloadedAt.get(variant) ?? Number.POSITIVE_INFINITY)) continue;
        const window = await this.#systems.run(variant, clients, perSecond);
        const isOverloaded = window["unansweredShare"]! > OVERLOADED_SHARE;
        if (isOverloaded && variant !== "binary") this.#overloadedAt.set(variant, perSecond);
        for (const [name, value] of Object.entries(window)) figures[`edge.${clients}.${variant}.${name}`] = value;
      }
    }
  }
}
