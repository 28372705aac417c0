import { GENERATOR_UTILIZATION_MAX } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { grpcTunings, grpcVariantsOf, type LinkVariant } from "../link-variants.ts";
import { DirectCell } from "./direct-cell.ts";
import { type Figures, warmUp } from "./side-by-side.ts";

/** From here on an operation is too late to count as carried. */
const CAPACITY_P95_MS = 10;
const CARRIED_SHARE = 0.999;
/** Something else may have run just then. */
const ATTEMPTS = 2;
/** The ladder ends there anyway. */
const GIVE_UP_MS = 1_500;

/**
 * The highest rate each link carries with p95 below 10 ms and 99.9 % answered, one edge core. The same rule for all: the
 * rate doubles until it is not carried, then the gap between the last that was and the first that was not is halved, as
 * a ratio, `refinements` times. The ladder ends where the generator alone would take 0.7 of the core. The second shape of
 * gRPC begins at the rate the first one carried: only if it carries that, too, has it anything to say.
 */
export async function measureCapacity(plan: LinkPlan, progress: (text: string) => void): Promise<Figures> {
  const figures = await measureGeneratorLimit(plan);
  const limit = figures["capacity.generatorPerSecond"]!;
  const climb = async (variant: LinkVariant, from: number): Promise<number> => {
    const ladder = new Ladder(variant, plan, progress);
    try {
      const carried = await ladder.climb(from, limit);
      if (carried > 0) figures[`capacity.${variant}PerSecond`] = carried;
      return carried;
    } finally {
      await ladder.stop();
    }
  };
  await climb("binary", plan.capacity.lowest);
  for (const tuning of grpcTunings) {
    let carried = plan.capacity.lowest;
    for (const variant of grpcVariantsOf(tuning)) {
      if (plan.links.includes(variant)) carried = Math.max(carried, await climb(variant, carried));
    }
  }
  return figures;
}

/** The highest rate of the ladder at which the generator is not too busy, and how busy it is on the way there. */
async function measureGeneratorLimit(plan: LinkPlan): Promise<Figures> {
  const { streams, lowest, highest, windowMs } = plan.capacity;
  const figures: Figures = { "capacity.generatorPerSecond": 0 };
  const cell = await DirectCell.start("none", streams);
  try {
    await warmUp(cell, windowMs, lowest);
    for (let perSecond = lowest; perSecond <= highest; perSecond *= 2) {
      const load = { perSecond, warmupMs: plan.rampMs, windowMs: windowMs / 2, giveUpMs: GIVE_UP_MS };
      const { edgeUtilization } = await cell.run(load);
      if (edgeUtilization! > GENERATOR_UTILIZATION_MAX || cell.gaveUp !== undefined) break;
      figures["capacity.generatorPerSecond"] = perSecond;
      figures[`capacity.generatorUtilizationAt${perSecond}`] = edgeUtilization!;
    }
  } finally {
    await cell.stop();
  }
  return figures;
}

/** One link on its way up. */
class Ladder {
  readonly #variant: LinkVariant;
  readonly #plan: LinkPlan;
  readonly #progress: (text: string) => void;
  #cell: DirectCell | undefined;

  constructor(variant: LinkVariant, plan: LinkPlan, progress: (text: string) => void) {
    this.#variant = variant;
    this.#plan = plan;
    this.#progress = progress;
  }

  async stop(): Promise<void> {
    await this.#cell?.stop();
    this.#cell = undefined;
  }

  /** The last rate that was carried; 0 if not even the first was. */
  async climb(from: number, limit: number): Promise<number> {
    let carried = 0;
    let missed: number | undefined;
    for (let rate = from; rate <= limit && missed === undefined; rate *= 2) {
      if (await this.#carries(rate)) carried = rate;
      else missed = rate;
    }
    for (let step = 0; step < this.#plan.capacity.refinements && carried > 0 && missed !== undefined; step++) {
      const between = Math.round(Math.sqrt(carried * missed) / 100) * 100;
      if (await this.#carries(between)) carried = between;
      else missed = between;
    }
    return carried;
  }

  async #carries(perSecond: number): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { p95Ms, unansweredShare, edgeUtilization } = await this.#run(perSecond);
      const isCarried = p95Ms! < CAPACITY_P95_MS && unansweredShare! <= 1 - CARRIED_SHARE;
      const verdict = isCarried ? "carried" : "not carried";
      this.#progress(
        `capacity of ${this.#variant}: ${perSecond}/s ${verdict}, p95 ${p95Ms!.toFixed(1)} ms, ` +
          `${(100 * unansweredShare!).toFixed(1)} % unanswered, edge role at ${edgeUtilization!.toFixed(2)}`,
      );
      if (isCarried) return true;
    }
    return false;
  }

  async #run(perSecond: number): Promise<Figures> {
    const { streams, lowest, warmupMs, windowMs } = this.#plan.capacity;
    if (this.#cell === undefined) {
      this.#cell = await DirectCell.start(this.#variant, streams);
      await warmUp(this.#cell, warmupMs, lowest);
    }
    const load = { perSecond, warmupMs: this.#plan.rampMs, windowMs, giveUpMs: GIVE_UP_MS };
    const figures = await this.#cell.run(load);
    if (this.#cell.gaveUp !== undefined) {
      this.#progress(`${this.#variant} was overloaded at ${perSecond}/s: ${this.#cell.gaveUp}; starting again`);
      await this.stop();
    }
    return figures;
  }
}
