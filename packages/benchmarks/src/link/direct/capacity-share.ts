import type { LinkPlan } from "../link-plan.ts";
import { grpcVariantsOf } from "../link-variants.ts";
import { type Figures, SideBySide } from "./side-by-side.ts";

/** Of the rate that gRPC was found to carry. */
const capacityShares = { half: 0.5, full: 1 } as const;
export type CapacityShare = keyof typeof capacityShares;

/**
 * Both links at half and all of what the better shape of public gRPC was found to carry in this run. Which of the levels
 * it is saturated at depends on the machine and the day; these rates mean the same everywhere. Adds to the rounds:
 * `capacity.half.binary.p95Ms` and so on; nothing if gRPC carried nothing.
 */
export async function measureCapacityShares(
  plan: LinkPlan,
  { rounds, capacity }: { readonly rounds: readonly Figures[]; readonly capacity: Readonly<Figures> },
  progress: (text: string) => void,
): Promise<void> {
  const carriedBy = (variant: string): number => capacity[`capacity.${variant}PerSecond`] ?? 0;
  const [better] = [...grpcVariantsOf("public")].sort((a, b) => carriedBy(b) - carriedBy(a));
  const carried = carriedBy(better!);
  if (carried === 0) return;
  const links = new SideBySide(["binary", better!], plan, progress);
  try {
    for (const [name, share] of Object.entries(capacityShares)) {
      const streams = Math.round((carried * share) / plan.perStream);
      const perSecond = streams * plan.perStream;
      await links.measure({ prefix: `capacity.${name}`, streams, perSecond, hasFineWindows: false }, rounds);
    }
  } finally {
    await links.stop();
  }
}
