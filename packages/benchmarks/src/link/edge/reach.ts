import { rotated } from "../../shared/rotation.ts";
import { type GrpcVariant, grpcTunings, grpcVariantsOf, type LinkVariant } from "../link-variants.ts";
import type { EdgePlan, ReachPlan } from "./edge-plan.ts";
import type { EdgeSystems } from "./edge-systems.ts";

type Figures = Record<string, number>;

/** Below this share of answers a system does not deliver any more. */
const DELIVERED_SHARE = 0.999;
/** Done within the window, of what fell due in it: what is missing piles up. */
const ACHIEVED_SHARE = 0.97;

export interface Reach {
  /** `reach.grpcMultiplexed.perSecond` and so on. */
  readonly once: Figures;
  /** `reach.public.binary.p95Ms` and so on: at the highest rate that gRPC with that tuning delivers, and by that shape. */
  readonly rounds: readonly Figures[];
}

/** What clients wait at the highest rate each tuning of gRPC still delivers, with it and with the binary link. */
export async function measureReach(
  systems: EdgeSystems,
  plan: EdgePlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Reach> {
  const { clients } = plan.reach;
  const once: Figures = {};
  const results: Figures[] = Array.from({ length: rounds }, () => ({}));
  for (const tuning of grpcTunings) {
    const rates = new Map<GrpcVariant, number>();
    for (const variant of grpcVariantsOf(tuning)) {
      if (!plan.links.includes(variant)) continue;
      rates.set(variant, await highestDelivered(systems, variant, plan.reach, progress));
      once[`reach.${variant}.perSecond`] = rates.get(variant)!;
    }
    const rate = Math.max(0, ...rates.values());
    if (rate === 0) continue;
    const shapes = [...rates.keys()].filter((variant) => rates.get(variant) === rate);
    const links: LinkVariant[] = ["binary", ...shapes];
    for (const [round, figures] of results.entries()) {
      progress(`edge, ${rate} operations/s, ${links.join(" and ")}, round ${round + 1} of ${rounds}`);
      for (const variant of rotated(links, round)) {
        const window = await systems.run(variant, clients, rate);
        for (const [name, value] of Object.entries(window)) figures[`reach.${tuning}.${variant}.${name}`] = value;
      }
    }
  }
  return { once, rounds: results };
}

/**
 * The rate doubles until it is not delivered (or is halved until it is), then the gap is halved as a ratio; 0 if not even
 * the lowest is delivered.
 */
async function highestDelivered(
  systems: EdgeSystems,
  variant: LinkVariant,
  plan: ReachPlan,
  progress: (text: string) => void,
): Promise<number> {
  const delivers = async (perSecond: number): Promise<boolean> => {
    for (let attempt = 0; attempt < plan.attempts; attempt++) {
      const figures = await systems.run(variant, plan.clients, perSecond);
      const { p95Ms, unansweredShare, achievedPerSecond, offeredPerSecond, refused } = figures;
      const achieved = achievedPerSecond! / offeredPerSecond!;
      const isDelivered = unansweredShare! <= 1 - DELIVERED_SHARE && achieved >= ACHIEVED_SHARE && refused === 0;
      progress(
        `edge, ${variant}: ${perSecond}/s ${isDelivered ? "delivered" : "not delivered"}, p95 ${p95Ms!.toFixed(0)} ms, ` +
          `${(100 * unansweredShare!).toFixed(1)} % unanswered, ${(100 * achieved).toFixed(0)} % done in time`,
      );
      if (isDelivered) return true;
    }
    return false;
  };
  let delivered = 0;
  let missed: number | undefined;
  for (let rate = plan.first; rate <= plan.highest && missed === undefined; rate *= 2) {
    if (await delivers(rate)) delivered = rate;
    else missed = rate;
  }
  for (let rate = plan.first / 2; rate >= plan.lowest && delivered === 0; rate /= 2) {
    if (await delivers(rate)) delivered = rate;
    else missed = rate;
  }
  for (let step = 0; step < plan.refinements && delivered > 0 && missed !== undefined; step++) {
    const between = Math.round(Math.sqrt(delivered * missed) / 100) * 100;
    if (await delivers(between)) delivered = between;
    else missed = between;
  }
  return delivered;
}
