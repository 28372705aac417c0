import type { LinkPlan } from "../link-plan.ts";
import { DirectCell } from "./direct-cell.ts";
import type { Figures } from "./side-by-side.ts";

/** How the binary link batches at a high rate, and what it adds to the payload. */
export async function measureBatching(plan: LinkPlan, progress: (text: string) => void): Promise<Figures> {
  const { streams, perSecond, windowMs } = plan.batch;
  const load = { perSecond, warmupMs: plan.rampMs, windowMs, giveUpMs: 0 };
  progress(`batching at ${perSecond} operations/s`);
  const cell = await DirectCell.start("binary", streams);
  try {
    await cell.run(load);
    if (cell.gaveUp !== undefined) throw new Error(`batching: ${cell.gaveUp}`);
    const traffic = await cell.traffic();
    return Object.fromEntries(Object.entries(traffic).map(([name, value]) => [`batch.${name}`, value]));
  } finally {
    await cell.stop();
  }
}
