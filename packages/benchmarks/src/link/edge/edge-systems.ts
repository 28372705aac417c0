import { refuseBusyGenerator } from "../generator-check.ts";
import type { LinkVariant } from "../link-variants.ts";
import { EdgeCell } from "./edge-cell.ts";
import type { EdgePlan } from "./edge-plan.ts";
import { startSystem } from "./running-system.ts";

/** What an overloaded system still has under way so long after a window is given up, and its processes are replaced. */
const GIVE_UP_MS = 3_000;

/**
 * The whole system once with every link, side by side and loaded in turn, so that the windows of a pair lie next to each
 * other: what else the machine does is the same for both.
 */
export class EdgeSystems {
  readonly #plan: EdgePlan;
  readonly #progress: (text: string) => void;
  readonly #cells = new Map<LinkVariant, EdgeCell>();

  constructor(plan: EdgePlan, progress: (text: string) => void) {
    this.#plan = plan;
    this.#progress = progress;
  }

  /** One window at that rate of all clients together, warmed up at that rate if the system has just started. */
  async run(variant: LinkVariant, clients: number, perSecond: number): Promise<Record<string, number>> {
    const { rampMs, windowMs } = this.#plan;
    const cell = await this.#warmCell(variant, clients, perSecond);
    const figures = await cell.run({ perSecond, warmupMs: rampMs, windowMs, giveUpMs: GIVE_UP_MS });
    const { generatorUtilization, refused } = figures;
    if (refused! > 0) this.#progress(`${variant}: ${refused} refused, the first with ${cell.firstRefusal}`);
    refuseBusyGenerator(generatorUtilization!, `edge, ${clients} clients, ${variant}`);
    await this.#replaceIfGivenUp(variant, cell);
    return figures;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.stop()));
  }

  async #warmCell(variant: LinkVariant, clients: number, perSecond: number): Promise<EdgeCell> {
    const running = this.#cells.get(variant);
    if (running !== undefined) {
      await running.openClients(clients);
      return running;
    }
    this.#progress(`edge, ${clients} clients, ${variant}, start and warm-up`);
    const cell = await EdgeCell.start(await startSystem(variant), clients);
    this.#cells.set(variant, cell);
    const load = { perSecond, warmupMs: 0, windowMs: this.#plan.warmupMs, giveUpMs: GIVE_UP_MS };
    await cell.run(load);
    return cell;
  }

  async #replaceIfGivenUp(variant: LinkVariant, cell: EdgeCell): Promise<void> {
    if (cell.gaveUp === undefined) return;
    this.#progress(`${variant} was overloaded: ${cell.gaveUp}; starting again`);
    this.#cells.delete(variant);
    await cell.stop();
  }
}
