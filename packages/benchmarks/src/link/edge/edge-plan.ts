import { type LinkVariant, linkVariants } from "../link-variants.ts";

/** One level of load on the whole system. */
export interface EdgeLevel {
  /** Every one holds one stream of a document it shares with one other. */
  readonly clients: number;
  /** Operations a second of each. */
  readonly perStream: number;
}

export interface EdgePlan {
  /** On the whole system. */
  readonly links: readonly LinkVariant[];
  /** In rising order of clients. */
  readonly levels: readonly EdgeLevel[];
  /** No verdict rests on the levels themselves. */
  readonly levelRoundsMax: number;
  /** Load on a system that has just started; its backlog is worked off before the first window. */
  readonly warmupMs: number;
  /** Load directly before every window. */
  readonly rampMs: number;
  readonly windowMs: number;
  readonly reach: ReachPlan;
  readonly share: SharePlan;
}

/** The search for the highest rate at which gRPC still delivers. */
export interface ReachPlan {
  /** Those of the level after which it is searched for. */
  readonly clients: number;
  /** Operations a second of all clients; from the first on they double, or are halved down to the lowest. */
  readonly first: number;
  readonly lowest: number;
  readonly highest: number;
  /** How often the gap between the last rate that was delivered and the first that was not is halved, as a ratio. */
  readonly refinements: number;
  /** For a rate to be delivered: something else may run just then. */
  readonly attempts: number;
}

/** The edge-proxy alone on a core, before a host that answers at once. */
export interface SharePlan {
  readonly links: readonly LinkVariant[];
  readonly clients: number;
  readonly perStream: number;
  readonly warmupMs: number;
  readonly rampMs: number;
  readonly windowMs: number;
}

/**
 * 10 operations a second for each client as on the link alone, up to 8,000 a second: edge, host, log and generator share
 * the cores, and two of them have no more left. Beyond that there are more clients, each of them slower.
 */
export const fullEdgePlan: EdgePlan = {
  links: linkVariants,
  levels: [
    { clients: 400, perStream: 10 },
    { clients: 800, perStream: 10 },
    { clients: 1_600, perStream: 5 },
    { clients: 3_200, perStream: 2.5 },
  ],
  levelRoundsMax: 3,
  warmupMs: 5_000,
  rampMs: 300,
  windowMs: 1_000,
  reach: { clients: 800, first: 2_000, lowest: 250, highest: 16_000, refinements: 2, attempts: 2 },
  share: { links: linkVariants, clients: 800, perStream: 10, warmupMs: 5_000, rampMs: 200, windowMs: 1_000 },
};

/** Through the whole system gRPC in the shape that is the better one on the link alone. */
export const shortEdgePlan: EdgePlan = {
  ...fullEdgePlan,
  links: ["binary", "grpcMultiplexed", "grpcMultiplexedInternals"],
  levels: fullEdgePlan.levels.filter(({ clients }) => clients === fullEdgePlan.reach.clients),
  levelRoundsMax: 1,
  rampMs: 200,
  windowMs: 800,
  reach: { ...fullEdgePlan.reach, refinements: 1, attempts: 1 },
  share: { ...fullEdgePlan.share, warmupMs: 3_000 },
};

/** Shows within seconds that everything still runs; its figures mean nothing. */
export const tinyEdgePlan: EdgePlan = {
  links: ["binary", "grpcMultiplexed", "grpcStreamsInternals"],
  levels: [
    { clients: 10, perStream: 10 },
    { clients: 20, perStream: 5 },
  ],
  levelRoundsMax: 1,
  warmupMs: 200,
  rampMs: 200,
  windowMs: 600,
  reach: { clients: 10, first: 100, lowest: 100, highest: 200, refinements: 0, attempts: 1 },
  share: {
    links: ["binary", "grpcMultiplexed", "grpcStreamsInternals"],
    clients: 10,
    perStream: 10,
    warmupMs: 200,
    rampMs: 200,
    windowMs: 600,
  },
};
