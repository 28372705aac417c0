/** One level of load on the whole system. */
export interface EdgeLevel {
  /** Every one holds one stream of a document it shares with one other. */
  readonly clients: number;
  /** Operations a second of each. */
  readonly perStream: number;
}

export interface EdgePlan {
  readonly levels: readonly EdgeLevel[];
  /** The number of clients at which the link's share of the edge's CPU is taken. */
  readonly shareLevel: number;
  /** Load on a system that has just started; its backlog is worked off before the first window. */
  readonly warmupMs: number;
  /** Load directly before every window. */
  readonly rampMs: number;
  readonly windowMs: number;
}

/**
 * 10 operations a second for each client as on the link alone, up to 8,000 a second: edge, host, log and generator share
 * the cores, and on two of them the edge and the host with gRPC have no more left. Beyond that there are more clients, each
 * of them slower.
 */
export const fullEdgePlan: EdgePlan = {
  levels: [
    { clients: 400, perStream: 10 },
    { clients: 800, perStream: 10 },
    { clients: 1_600, perStream: 5 },
    { clients: 3_200, perStream: 2.5 },
  ],
  shareLevel: 800,
  warmupMs: 5_000,
  rampMs: 500,
  windowMs: 2_000,
};

export const shortEdgePlan: EdgePlan = {
  ...fullEdgePlan,
  levels: fullEdgePlan.levels.filter(({ clients }) => clients === fullEdgePlan.shareLevel),
  rampMs: 300,
  windowMs: 1_500,
};

/** Shows within seconds that everything still runs; its figures mean nothing. */
export const tinyEdgePlan: EdgePlan = {
  levels: [{ clients: 10, perStream: 10 }],
  shareLevel: 10,
  warmupMs: 200,
  rampMs: 200,
  windowMs: 600,
};
