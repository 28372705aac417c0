import { utilization } from "../../shared/process-cpu.ts";
import { RoleProcess } from "../../shared/role-process.ts";
import type { GeneratorLoad, GeneratorWindow } from "./edge-figures.ts";
import type { Running } from "./running-system.ts";
import { type ProcessCpu, scrapeCpu } from "./scrape-cpu.ts";

/** Something to connect to, and the clients. */
export class EdgeCell {
  readonly #running: Running;
  readonly #generator: RoleProcess;
  /** The first operation that was refused, for the person at the terminal. */
  firstRefusal = "";
  /** Why the cell cannot be used after an overload: see `GeneratorWindow`. */
  gaveUp: string | undefined;

  private constructor(running: Running, generator: RoleProcess) {
    this.#running = running;
    this.#generator = generator;
  }

  static async start(running: Running, clients: number, generatorCore?: number): Promise<EdgeCell> {
    const generator = await RoleProcess.start("load-generator", generatorCore);
    const cell = new EdgeCell(running, generator);
    try {
      await generator.ask("start", { url: running.socketUrl, run: `run${Date.now().toString(36)}` });
      await cell.openClients(clients);
    } catch (error) {
      await cell.stop();
      throw error;
    }
    return cell;
  }

  /** As many more as are missing. */
  async openClients(total: number): Promise<void> {
    await this.#generator.ask("openClients", total);
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
    this.gaveUp = generated.gaveUp;
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

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
