import { type EdgePlan, fullEdgePlan, shortEdgePlan, tinyEdgePlan } from "./edge/edge-plan.ts";

/** What is measured, and for how long. */
export interface LinkPlan {
  /** Concurrent streams; every one brings `perStream` operations a second. */
  readonly levels: readonly number[];
  readonly perStream: number;
  /**
   * Load before the first window of a pair of processes, whose backlog is worked off before the window: with less, the
   * figures of gRPC are those of a cold compiler.
   */
  readonly warmupMs: number;
  /** Load directly before every window. */
  readonly rampMs: number;
  readonly windowMs: number;
  /** Fresh processes for every window; otherwise all links of a level run side by side and are loaded in turn. */
  readonly hasFreshProcesses: boolean;
  readonly capacity: { readonly streams: number; readonly windowMs: number; readonly rates: readonly number[] };
  readonly batch: { readonly streams: number; readonly perSecond: number; readonly windowMs: number };
  readonly edge: EdgePlan;
}

/** Steps of a factor of about 1.4. */
const LADDER = [8, 11, 16, 22, 32, 45, 64, 90, 128, 180, 256, 360, 512].map((thousands) => thousands * 1_000);
const LEVELS = [400, 800, 1_600, 3_200];

export const fullPlan: LinkPlan = {
  levels: LEVELS,
  perStream: 10,
  warmupMs: 5_000,
  rampMs: 1_000,
  windowMs: 5_000,
  hasFreshProcesses: true,
  capacity: { streams: 800, windowMs: 3_000, rates: LADDER },
  batch: { streams: 800, perSecond: 30_000, windowMs: 4_000 },
  edge: fullEdgePlan,
};

/** Within four minutes: the same warm-up, but every link of a level is warmed up once, and the ladder has every other step. */
export const shortPlan: LinkPlan = {
  ...fullPlan,
  rampMs: 300,
  windowMs: 1_200,
  hasFreshProcesses: false,
  capacity: { ...fullPlan.capacity, windowMs: 800, rates: LADDER.filter((_, step) => step % 2 === 0) },
  batch: { ...fullPlan.batch, windowMs: 1_500 },
  edge: shortEdgePlan,
};

/** Shows within seconds that everything still runs; its figures mean nothing. */
export const tinyPlan: LinkPlan = {
  levels: [20],
  perStream: 10,
  warmupMs: 200,
  rampMs: 200,
  windowMs: 400,
  hasFreshProcesses: false,
  capacity: { streams: 20, windowMs: 300, rates: [200, 400] },
  batch: { streams: 20, perSecond: 2_000, windowMs: 400 },
  edge: tinyEdgePlan,
};
