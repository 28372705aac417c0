import { rotated } from "../../shared/rotation.ts";
import { refuseBusyGenerator } from "../generator-check.ts";
import { linkVariants } from "../link-variants.ts";
import { EdgeCell, type EdgeVariant } from "./edge-cell.ts";
import type { EdgeLevel, EdgePlan } from "./edge-plan.ts";

export type Figures = Record<string, number>;

/**
 * `edge.800.binary.p95Ms` and so on, one record for each round. The systems of a level run side by side and are loaded in
 * turn, so that the windows of a pair lie next to each other: what else the machine does is the same for both.
 */
export async function measureEdge(
  plan: EdgePlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const results: Figures[] = Array.from({ length: rounds }, () => ({}));
  for (const level of plan.levels) {
    const systems = await SystemsOfLevel.start(plan, level, progress);
    try {
      for (const [round, result] of results.entries()) Object.assign(result, await systems.measure(round));
    } finally {
      await systems.stop();
    }
  }
  return results;
}

class SystemsOfLevel {
  readonly #plan: EdgePlan;
  readonly #level: EdgeLevel;
  readonly #progress: (text: string) => void;
  readonly #cells = new Map<EdgeVariant, EdgeCell>();

  private constructor(plan: EdgePlan, level: EdgeLevel, progress: (text: string) => void) {
    this.#plan = plan;
    this.#level = level;
    this.#progress = progress;
  }

  static async start(plan: EdgePlan, level: EdgeLevel, progress: (text: string) => void): Promise<SystemsOfLevel> {
    const systems = new SystemsOfLevel(plan, level, progress);
    try {
      await systems.#warmUp();
    } catch (error) {
      await systems.stop();
      throw error;
    }
    return systems;
  }

  async measure(round: number): Promise<Figures> {
    const { rampMs, windowMs } = this.#plan;
    const results: Figures = {};
    for (const variant of rotated([...this.#cells.keys()], round)) {
      const words = `${this.#words}, ${variant}`;
      this.#progress(`${words}, round ${round + 1}`);
      const cell = this.#cells.get(variant)!;
      const figures = await cell.run({ perSecond: this.#perSecond, warmupMs: rampMs, windowMs });
      if (figures["refused"]! > 0) this.#progress(`${figures["refused"]} refused, the first with ${cell.firstRefusal}`);
      refuseBusyGenerator(figures["generatorUtilization"]!, words);
      for (const [name, value] of Object.entries(figures)) results[this.#name(variant, name)] = value;
    }
    this.#addShares(results);
    return results;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.stop()));
  }

  /** The whole rate on a cold compiler leaves a backlog; `run` comes back when that is worked off. */
  async #warmUp(): Promise<void> {
    const { shareLevel, warmupMs } = this.#plan;
    const { clients } = this.#level;
    const variants: readonly EdgeVariant[] = clients === shareLevel ? [...linkVariants, "alone"] : linkVariants;
    for (const variant of variants) {
      this.#progress(`${this.#words}, ${variant}, warm-up`);
      const cell = await EdgeCell.start(variant, clients);
      this.#cells.set(variant, cell);
      await cell.run({ perSecond: this.#perSecond, warmupMs: 0, windowMs: warmupMs });
    }
  }

  /** The link's share of the edge: what the edge spends beyond one that answers by itself. */
  #addShares(results: Figures): void {
    const alone = results[this.#name("alone", "edgeCpuSeconds")];
    if (alone === undefined) return;
    for (const variant of linkVariants) {
      results[this.#name(variant, "linkShareSeconds")] = results[this.#name(variant, "edgeCpuSeconds")]! - alone;
    }
  }

  #name(variant: EdgeVariant, figure: string): string {
    return `edge.${this.#level.clients}.${variant}.${figure}`;
  }

  get #perSecond(): number {
    return this.#level.clients * this.#level.perStream;
  }

  get #words(): string {
    return `edge, ${this.#level.clients} clients`;
  }
}
