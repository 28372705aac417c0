import { canPin } from "../../shared/cores.ts";
import { cpuSecondsOf, utilization } from "../../shared/process-cpu.ts";
import { RoleProcess } from "../../shared/role-process.ts";
import { PAYLOAD_BYTES } from "../operation.ts";
import type { DirectVariant, EdgeWindow, HostWindow, Load, TrafficSums } from "./direct-figures.ts";

/** Two processes and the link between them. Each on a core of its own, where there are two. */
const EDGE_CORE = 0;
const HOST_CORE = 1;

/** The transports publish what they counted every second. */
const PUBLISHED_AFTER_MS = 1_200;

export class DirectCell {
  readonly #edge: RoleProcess;
  readonly #host: RoleProcess | undefined;
  readonly #variant: DirectVariant;
  /** Why the cell cannot be used after an overload: see `EdgeWindow`. */
  gaveUp: string | undefined;

  private constructor(variant: DirectVariant, edge: RoleProcess, host: RoleProcess | undefined) {
    this.#variant = variant;
    this.#edge = edge;
    this.#host = host;
  }

  static readonly canPin = canPin;
  static readonly pinning = canPin
    ? `edge role and generator on core ${EDGE_CORE}, host role on core ${HOST_CORE}`
    : "none";

  static async start(variant: DirectVariant, streams: number): Promise<DirectCell> {
    const host = variant === "none" ? undefined : await RoleProcess.start("host-role", HOST_CORE);
    const edge = await RoleProcess.start("edge-role", EDGE_CORE);
    const cell = new DirectCell(variant, edge, host);
    try {
      const address = (await host?.ask<string>("start", { variant })) ?? "";
      await edge.ask("start", { variant, address, streams });
    } catch (error) {
      await cell.stop();
      throw error;
    }
    return cell;
  }

  async openStreams(total: number): Promise<void> {
    await this.#edge.ask("openStreams", total);
  }

  /** One window of load; every figure of it. CPU is per 100,000 operations that were delivered within it. */
  async run(load: Load): Promise<Record<string, number>> {
    const [edge, host] = await Promise.all([
      this.#edge.ask<EdgeWindow>("run", load),
      this.#host?.ask<HostWindow>("run", load),
    ]);
    this.gaveUp = edge.gaveUp;
    if (edge.offered === 0) throw new Error(`${this.#variant}: no operation fell due in the window`);
    const per100k = (seconds: number, elapsed: number): number =>
      edge.delivered === 0
        ? Number.MAX_SAFE_INTEGER
        : ((seconds / elapsed) * edge.cpu.elapsedSeconds * 1e5) / edge.delivered;
    const side = (name: string, cpu: EdgeWindow["cpu"]): Record<string, number> => ({
      [`${name}UserSeconds`]: per100k(cpu.userSeconds, cpu.elapsedSeconds),
      [`${name}SystemSeconds`]: per100k(cpu.systemSeconds, cpu.elapsedSeconds),
      [`${name}Utilization`]: utilization(cpu),
    });
    const figures: Record<string, number> = {
      offeredPerSecond: edge.offered / edge.cpu.elapsedSeconds,
      achievedPerSecond: edge.delivered / edge.cpu.elapsedSeconds,
      unansweredShare: edge.unanswered / edge.offered,
      p50Ms: edge.due.p50Ms,
      p95Ms: edge.due.p95Ms,
      p99Ms: edge.due.p99Ms,
      sentP50Ms: edge.service.p50Ms,
      sentP95Ms: edge.service.p95Ms,
      sentP99Ms: edge.service.p99Ms,
      tickLateP99Ms: edge.tickLateP99Ms,
      turnsPerCpuSecond: edge.turns / cpuSecondsOf(edge.cpu),
      ...side("edge", edge.cpu),
      edgeRssMiB: edge.rssBytes / 2 ** 20,
    };
    if (host !== undefined) {
      Object.assign(figures, side("host", host.cpu), { hostRssMiB: host.rssBytes / 2 ** 20, deferred: host.deferred });
    }
    const seconds = ["edgeUserSeconds", "edgeSystemSeconds", "hostUserSeconds", "hostSystemSeconds"];
    figures["cpuSeconds"] = seconds.reduce((sum, name) => sum + (figures[name] ?? 0), 0);
    return figures;
  }

  /** Turns that the event loop of the edge role makes in a second of CPU when it never sleeps and has nothing to do. */
  idleTurnsPerCpuSecond(durationMs: number): Promise<number> {
    return this.#edge.ask("idleTurns", durationMs);
  }

  /** Writes and bytes of the binary link since the cell started, the opening of its streams included. */
  async traffic(): Promise<Record<string, number>> {
    await new Promise((resolve) => setTimeout(resolve, PUBLISHED_AFTER_MS));
    const edge = await this.#edge.ask<TrafficSums>("traffic");
    const host = await this.#host!.ask<TrafficSums>("traffic");
    const of = (sums: TrafficSums, what: string): number => sums[`tidewire_link_binary_${what}`] ?? 0;
    const bytes = of(edge, "bytes_total{out}") + of(host, "bytes_total{out}");
    // Per operation one frame of the edge is its request; what else it sends are grants.
    const operations = of(edge, "frames_total{in}") / 2;
    return {
      edgeFlushesPerFrame: of(edge, "flushes_total") / of(edge, "frames_total{out}"),
      hostFlushesPerFrame: of(host, "flushes_total") / of(host, "frames_total{out}"),
      bytesPerPayload: bytes / (operations * PAYLOAD_BYTES),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#edge.stop(), this.#host?.stop()]);
  }
}
