import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { System } from "@tidewire/harness";
import { builtFile } from "../../shared/built-file.ts";
import { inheritPriority } from "../../shared/priority.ts";
import { utilization } from "../../shared/process-cpu.ts";
import { RoleProcess } from "../../shared/role-process.ts";
import { grpcShapeOf, type LinkVariant } from "../link-variants.ts";
import { EdgeAlone } from "./edge-alone.ts";
import type { GeneratorLoad, GeneratorWindow } from "./edge-figures.ts";
import { type ProcessCpu, scrapeCpu } from "./scrape-cpu.ts";

/** `alone`: an edge that answers by itself. */
export type EdgeVariant = LinkVariant | "alone";

/** The real processes with one of the links, and the clients. */
interface Running {
  readonly socketUrl: string;
  /** Names and admin addresses of the processes whose CPU is taken. */
  readonly processes: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export class EdgeCell {
  readonly #running: Running;
  readonly #generator: RoleProcess;
  /** The first operation that was refused, for the person at the terminal. */
  firstRefusal = "";

  private constructor(running: Running, generator: RoleProcess) {
    this.#running = running;
    this.#generator = generator;
  }

  static async start(variant: EdgeVariant, clients: number): Promise<EdgeCell> {
    const running = variant === "alone" ? await EdgeAlone.start() : await startSystem(variant);
    const generator = await RoleProcess.start("load-generator");
    const cell = new EdgeCell(running, generator);
    try {
      await generator.ask("start", { url: running.socketUrl, clients, run: `run${Date.now().toString(36)}` });
    } catch (error) {
      await cell.stop();
      throw error;
    }
    return cell;
  }

  /** One window of load. CPU is per 100,000 operations that were delivered within it. */
  async run(load: GeneratorLoad): Promise<Record<string, number>> {
    const window = this.#generator.ask<GeneratorWindow>("run", load);
    // Whatever happens while this side sleeps is reported when it is awaited.
    window.catch(() => {});
    await after(load.warmupMs);
    const before = await this.#cpu();
    await after(load.windowMs);
    const used = await this.#cpu();
    const generated = await window;
    this.firstRefusal = generated.firstRefusal;
    if (generated.offered === 0) throw new Error("no operation fell due in the window");
    const figures: Record<string, number> = {
      offeredPerSecond: generated.offered / generated.cpu.elapsedSeconds,
      achievedPerSecond: generated.delivered / generated.cpu.elapsedSeconds,
      unansweredShare: generated.unanswered / generated.offered,
      refused: generated.refused,
      mergedShare: generated.merged / generated.offered,
      p50Ms: generated.due.p50Ms,
      p95Ms: generated.due.p95Ms,
      p99Ms: generated.due.p99Ms,
      sentP50Ms: generated.service.p50Ms,
      sentP95Ms: generated.service.p95Ms,
      sentP99Ms: generated.service.p99Ms,
      tickLateP99Ms: generated.tickLateP99Ms,
      generatorUtilization: utilization(generated.cpu),
    };
    const scale = (generated.cpu.elapsedSeconds * 1e5) / Math.max(1, generated.delivered);
    for (const [name, end] of Object.entries(used)) {
      const start = before[name]!;
      const elapsedSeconds = (end.atMs - start.atMs) / 1_000;
      figures[`${name}UserSeconds`] = ((end.userSeconds - start.userSeconds) / elapsedSeconds) * scale;
      figures[`${name}SystemSeconds`] = ((end.systemSeconds - start.systemSeconds) / elapsedSeconds) * scale;
      figures[`${name}CpuSeconds`] = figures[`${name}UserSeconds`]! + figures[`${name}SystemSeconds`]!;
    }
    return figures;
  }

  async stop(): Promise<void> {
    await this.#generator.stop();
    await this.#running.stop();
  }

  async #cpu(): Promise<Record<string, ProcessCpu>> {
    const names = Object.entries(this.#running.processes);
    return Object.fromEntries(await Promise.all(names.map(async ([name, admin]) => [name, await scrapeCpu(admin)])));
  }
}

/**
 * The log is kept in memory where that is possible: the time a disk takes to sync is the same for every link and many
 * times as long as any of them takes.
 */
export const dataParent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

async function startSystem(variant: LinkVariant): Promise<Running> {
  const kind = variant === "binary" ? "binary" : "grpc";
  const args = ["--documents", builtFile("link-documents.js"), "--link", kind];
  // Inherited by every process that is started.
  process.env["LINK_GRPC_SHAPE"] = grpcShapeOf(variant);
  const dataFolder = mkdtempSync(join(dataParent, "tidewire-bench-"));
  const removeData = (): void => rmSync(dataFolder, { recursive: true, force: true });
  const system = await System.start({ hosts: 1, logLevel: "warn", dataFolder, args }).catch((error: unknown) => {
    removeData();
    throw error;
  });
  const processes = { edge: "edge-proxy-1", host: "document-host-1", log: "log-storage-1" };
  for (const id of Object.values(processes)) inheritPriority(system.process(id).pid);
  return {
    socketUrl: system.socketUrl,
    processes: Object.fromEntries(Object.entries(processes).map(([name, id]) => [name, system.process(id).admin])),
    stop: async () => {
      await system.stop();
      removeData();
    },
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
