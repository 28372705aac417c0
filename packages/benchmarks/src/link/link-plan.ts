import { type EdgePlan, fullEdgePlan, shortEdgePlan, tinyEdgePlan } from "./edge/edge-plan.ts";
import { type LinkVariant, linkVariants } from "./link-variants.ts";

/** What is measured, and for how long. */
export interface LinkPlan {
  /** On the link alone. */
  readonly links: readonly LinkVariant[];
  /** Concurrent streams; every one brings `perStream` operations a second. */
  readonly levels: readonly number[];
  readonly perStream: number;
  /**
   * Load at the measured rate before the first window, whose backlog is worked off before the window: with less than 5 s,
   * the figures of gRPC are those of a cold compiler.
   */
  readonly warmupMs: number;
  /** At every level; otherwise only of processes that have just started. */
  readonly warmsUpEveryLevel: boolean;
  /** Load directly before every window. */
  readonly rampMs: number;
  readonly windowMs: number;
  /** Of the windows whose generator looks at the clock in every turn. */
  readonly fineWindowMs: number;
  readonly capacity: {
    readonly streams: number;
    /** At the lowest rate. */
    readonly warmupMs: number;
    readonly windowMs: number;
    /** Operations a second; from the first on they double. */
    readonly lowest: number;
    readonly highest: number;
    /** How often the gap between the last rate that was carried and the first that was not is halved, as a ratio. */
    readonly refinements: number;
  };
  readonly batch: { readonly streams: number; readonly perSecond: number; readonly windowMs: number };
  readonly edge: EdgePlan;
}

const LEVELS = [400, 800, 1_600, 3_200];

export const fullPlan: LinkPlan = {
  links: linkVariants,
  levels: LEVELS,
  perStream: 10,
  warmupMs: 5_000,
  warmsUpEveryLevel: true,
  rampMs: 200,
  windowMs: 900,
  fineWindowMs: 500,
  // A link that carries the highest rate carries at least that.
  capacity: {
    streams: 800,
    warmupMs: 3_000,
    windowMs: 1_200,
    lowest: 8_000,
    highest: 512_000,
    refinements: 3,
  },
  batch: { streams: 800, perSecond: 30_000, windowMs: 4_000 },
  edge: fullEdgePlan,
};

/**
 * The same warm-up, but once for each link, shorter windows, and one step less on the ladder. Of gRPC only the shape that
 * was the better one at every level it carried, in every full run.
 */
export const shortPlan: LinkPlan = {
  ...fullPlan,
  links: ["binary", "grpcMultiplexed", "grpcMultiplexedInternals"],
  warmsUpEveryLevel: false,
  rampMs: 200,
  windowMs: 500,
  fineWindowMs: 250,
  capacity: { ...fullPlan.capacity, warmupMs: 2_000, windowMs: 800, lowest: 16_000, refinements: 2 },
  batch: { ...fullPlan.batch, windowMs: 1_500 },
  edge: shortEdgePlan,
};

/** Shows within seconds that everything still runs; its figures mean nothing. */
export const tinyPlan: LinkPlan = {
  links: linkVariants,
  levels: [20],
  perStream: 10,
  warmupMs: 200,
  warmsUpEveryLevel: false,
  rampMs: 200,
  windowMs: 400,
  fineWindowMs: 400,
  capacity: { streams: 20, warmupMs: 200, windowMs: 300, lowest: 200, highest: 400, refinements: 1 },
  batch: { streams: 20, perSecond: 2_000, windowMs: 400 },
  edge: tinyEdgePlan,
};
