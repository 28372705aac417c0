import { type Benchmark, type BenchmarkOptions, type BenchmarkResult, mediansOf } from "../benchmark.ts";
import { groupNice } from "../shared/priority.ts";
import { measureBatching } from "./direct/batching.ts";
import { measureCapacity } from "./direct/capacity.ts";
import { DirectCell } from "./direct/direct-cell.ts";
import { type Figures, measureDirect } from "./direct/direct-path.ts";
import { dataParent } from "./edge/edge-cell.ts";
import { measureEdge } from "./edge/edge-path.ts";
import { fairSettings } from "./fair-settings.ts";
import { GENERATOR_UTILIZATION_MAX } from "./generator-check.ts";
import { linkArtifacts } from "./link-artifacts.ts";
import { fullPlan, type LinkPlan, shortPlan } from "./link-plan.ts";
import { linkTargets } from "./link-targets.ts";
import { OPERATION_BYTES } from "./operation.ts";

/** Binary against gRPC in both its shapes, on the link alone and through the whole system. */
export const linkBenchmark: Benchmark = {
  name: "link",
  description: "the binary link against gRPC, on the link alone and from WebSocket clients to document hosts",
  defaultRounds: 7,
  shortRounds: 3,
  run: (options) => runLink(options.isShort ? shortPlan : fullPlan, options),
  artifacts: linkArtifacts,
};

export async function runLink(plan: LinkPlan, options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { path, progress } = options;
  const direct: Figures[] = path === "edge" ? [] : await measureDirect(plan, options.rounds, progress);
  const once: Figures = {};
  if (path !== "edge") {
    Object.assign(once, await measureCapacity(plan, progress));
    Object.assign(once, await measureBatching(plan, progress));
  }
  const edge: Figures[] = path === "direct" ? [] : await measureEdge(plan.edge, options.rounds, progress);
  const summary = { ...mediansOf(direct), ...mediansOf(edge), ...once };
  const skipped = path === undefined ? undefined : `not measured with --path ${path}`;
  return {
    settings: settings(plan, options),
    rounds: direct.length === 0 ? edge : direct.map((round, index) => ({ ...round, ...edge[index] })),
    summary,
    targets: linkTargets({ direct, edge }, once, skipped),
  };
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
    latency:
      "from the due time (p50Ms, p95Ms, p99Ms) and from the tick that sent it (sentP50Ms, ...) until answer and delta are there",
    capacity:
      "the rate doubles from the lowest until p95 is 10 ms or more or 0.1 % is unanswered, twice; then the gap is halved as a ratio; what an overloaded rung leaves behind is given up and its processes replaced",
    cpu: "user and system seconds per 100,000 operations delivered in the window, per process",
    groupNice: groupNice() ?? "not known",
    generatorUtilizationMax: GENERATOR_UTILIZATION_MAX,
    direct: {
      processes: "edge role with the generator in it, host role; both use the transports with their defaults",
      pinning: DirectCell.pinning,
    },
    edge: {
      processes: "load generator, edge-proxy, document-host, log-storage, routing-table; as `tidewire up` starts them",
      order: "the systems of a level run side by side and are loaded in turn, each with clients of its own",
      clients: "acknowledge once a second what they were shown, and send a heartbeat after 3 s without a message",
      document: "pairs of clients on one document; a message of one is answered to it and shown to the other alone",
      pinning: "none",
      data: `in ${dataParent}, so that syncing a disk does not hide the link`,
      alone: "the edge-proxy built with a link that answers by itself",
    },
    links: fairSettings(),
  };
}
