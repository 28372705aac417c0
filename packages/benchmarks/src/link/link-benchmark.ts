import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, mediansOf } from "../benchmark.ts";
import { groupNice } from "../shared/priority.ts";
import { measureBatching } from "./direct/batching.ts";
import { measureCapacity } from "./direct/capacity.ts";
import { measureCapacityShares } from "./direct/capacity-share.ts";
import { DirectCell } from "./direct/direct-cell.ts";
import { measureDirect } from "./direct/direct-path.ts";
import type { Figures } from "./direct/side-by-side.ts";
import { type EdgeFigures, measureEdge } from "./edge/edge-path.ts";
import { dataParent } from "./edge/running-system.ts";
import { fairSettings } from "./fair-settings.ts";
import { GENERATOR_UTILIZATION_MAX } from "./generator-check.ts";
import { linkArtifacts } from "./link-artifacts.ts";
import { fullPlan, type LinkPlan, shortPlan } from "./link-plan.ts";
import { linkTargets } from "./link-targets.ts";
import { OPERATION_BYTES } from "./operation.ts";

/** Binary against gRPC in both its shapes and both tunings, on the link alone and through the whole system. */
export const linkBenchmark: Benchmark = {
  name: "link",
  description: "the binary link against gRPC, on the link alone and from WebSocket clients to document hosts",
  defaultRounds: 7,
  shortRounds: 3,
  run: (options) => runLink(options.isShort ? shortPlan : fullPlan, options),
  artifacts: linkArtifacts,
};

export async function runLink(plan: LinkPlan, options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { path, rounds } = options;
  const progress = withTime(options.progress);
  const direct: Figures[] = path === "edge" ? [] : await measureDirect(plan, rounds, progress);
  const once: Figures = {};
  if (path !== "edge") {
    const capacity = await measureCapacity(plan, progress);
    Object.assign(once, capacity);
    await measureCapacityShares(plan, { rounds: direct, capacity }, progress);
    Object.assign(once, await measureBatching(plan, progress));
  }
  const edge: EdgeFigures =
    path === "direct" ? { rounds: [], once: {} } : await measureEdge(plan.edge, rounds, progress);
  Object.assign(once, edge.once);
  const skipped = path === undefined ? undefined : `not measured with --path ${path}`;
  return {
    settings: settings(plan, options),
    rounds: direct.length === 0 ? edge.rounds : direct.map((round, index) => ({ ...round, ...edge.rounds[index] })),
    summary: { ...mediansOf(direct), ...mediansOf(edge.rounds), ...once },
    targets: linkTargets({ direct, edge: edge.rounds }, once, skipped),
  };
}

/** What goes on, and for how long it has. */
function withTime(progress: (text: string) => void): (text: string) => void {
  const startedAt = performance.now();
  return (text) => progress(`${String(Math.round((performance.now() - startedAt) / 1_000)).padStart(4)} s  ${text}`);
}

function settings(plan: LinkPlan, options: BenchmarkOptions): Record<string, unknown> {
  return {
    isShort: options.isShort,
    path: options.path ?? "both",
    rounds: options.rounds,
    plan,
    operationBytes: OPERATION_BYTES,
    order: "alternating: another link is first in every round; ratios are taken within a round",
    load: "open loop: operation i is due at t0 + i / rate, sent at the next tick of 1 ms",
    fine: "after every window of a level another one, whose generator looks at the clock in every turn of its event loop; its CPU is not used; how busy the generator is there: 1 - turns in a second of CPU under load / the same without load",
    latency:
      "from the due time (p50Ms, p95Ms, p99Ms) and from the tick that sent it (sentP50Ms, ...) until answer and delta are there",
    capacity:
      "the rate doubles from the lowest until p95 is 10 ms or more or 0.1 % is unanswered, twice; then the gap is halved as a ratio; what an overloaded rung leaves behind is given up and its processes replaced; the second shape of gRPC begins at the rate the first one carried",
    capacityShares:
      "binary and the better shape of public gRPC at half and all of the rate that it was found to carry, on as many streams as make 10 operations/s for each",
    cpu: "user and system seconds per 100,000 operations delivered in the window, per process",
    groupNice: groupNice() ?? "not known",
    generatorUtilizationMax: GENERATOR_UTILIZATION_MAX,
    direct: {
      processes: "edge role with the generator in it, host role; both use the transports with their defaults",
      pinning: DirectCell.pinning,
    },
    edge: {
      processes: "load generator, edge-proxy, document-host, log-storage, routing-table; as `tidewire up` starts them",
      order: "the systems run side by side and are loaded in turn, each with clients of its own",
      clients: "acknowledge once a second what they were shown, and send a heartbeat after 3 s without a message",
      document: "pairs of clients on one document; a message of one is answered to it and shown to the other alone",
      pinning: "none",
      data: `in ${dataParent}, so that syncing a disk does not hide the link`,
      reach:
        "for every gRPC: the rate doubles until less than 99.9 % is answered within 500 ms of the window, or less than 97 % of it within the window, twice; then the gap is halved as a ratio; at the highest rate of the better shape, it and the binary link in turn",
    },
    share: {
      processes: "load generator, the real edge-proxy, a host that answers at once",
      alone: "the same edge-proxy built with a link that answers by itself, as the host does, when the turn is over",
      pinning: DirectCell.canPin ? "edge-proxy on core 0, host and generator on core 1" : "none",
      noise:
        "1.25 * standard deviation / sqrt(rounds), of each share; of one below twice that only the most it can be is judged",
    },
    links: fairSettings(),
  };
}
