import { rotated } from "../../shared/rotation.ts";
import { refuseBusyGenerator } from "../generator-check.ts";
import type { LinkPlan } from "../link-plan.ts";
import { type GrpcVariant, type LinkVariant, linkVariants, otherShape } from "../link-variants.ts";
import { DirectCell } from "./direct-cell.ts";

export type Figures = Record<string, number>;

/** What an overloaded link still has under way so long after a window is given up, and its processes are replaced. */
const GIVE_UP_MS = 1_000;
/** So long a backlog of a warm-up may take: what is left of it would be in the window. */
const WARMUP_GIVE_UP_MS = 3_000;
/** A shape that left so much unanswered in that many windows of a level, where the other did better, is measured no more. */
const BEATEN_SHARE = 0.1;
const BEATEN_AFTER = 2;

/** `direct.800.binary.p95Ms` and so on, one record for each round. */
export async function measureDirect(
  plan: LinkPlan,
  rounds: number,
  progress: (text: string) => void,
): Promise<Figures[]> {
  const generators = await measureGenerator(plan);
  const results: Figures[] = Array.from({ length: rounds }, () => ({ ...generators }));
  const links = new SideBySide(plan, progress);
  try {
    for (const level of plan.levels) await links.measure(level, results);
  } finally {
    await links.stop();
  }
  return results;
}

/** All links side by side, loaded in turn: the windows of a pair lie next to each other, and meet the same machine. */
class SideBySide {
  readonly #plan: LinkPlan;
  readonly #progress: (text: string) => void;
  readonly #cells = new Map<LinkVariant, DirectCell>();
  /** Not warmed up yet, for this level where each has a warm-up of its own. */
  readonly #cold = new Set<LinkVariant>();

  constructor(plan: LinkPlan, progress: (text: string) => void) {
    this.#plan = plan;
    this.#progress = progress;
  }

  async measure(level: number, results: Figures[]): Promise<void> {
    for (const variant of linkVariants) {
      await this.#cells.get(variant)?.openStreams(level);
      if (this.#plan.warmsUpEveryLevel) this.#cold.add(variant);
    }
    for (const [round, figures] of results.entries()) {
      this.#progress(`direct, ${level} streams, round ${round + 1} of ${results.length}`);
      for (const variant of rotated(linkVariants, round)) {
        if (!isBeaten(results, level, variant)) await this.#measureWindow(variant, level, figures);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.stop()));
  }

  async #measureWindow(variant: LinkVariant, level: number, into: Figures): Promise<void> {
    const { perStream, rampMs, windowMs } = this.#plan;
    const perSecond = level * perStream;
    const cell = await this.#warmCell(variant, level);
    const figures = await cell.run({ perSecond, warmupMs: rampMs, windowMs, giveUpMs: GIVE_UP_MS });
    for (const [name, value] of Object.entries(figures)) into[`direct.${level}.${variant}.${name}`] = value;
    if (cell.gaveUp === undefined) return;
    this.#progress(`${variant} was overloaded: ${cell.gaveUp}; starting again`);
    this.#cells.delete(variant);
    await cell.stop();
  }

  async #warmCell(variant: LinkVariant, level: number): Promise<DirectCell> {
    const running = this.#cells.get(variant);
    const cell = running ?? (await DirectCell.start(variant, level));
    this.#cells.set(variant, cell);
    if (this.#cold.delete(variant) || running === undefined) {
      await warmUp(cell, this.#plan.warmupMs, level * this.#plan.perStream);
    }
    return cell;
  }
}

/** A level is too high for this shape of gRPC, and less so for the other one, which is the one to compare with. */
function isBeaten(results: readonly Figures[], level: number, variant: LinkVariant): boolean {
  if (variant === "binary") return false;
  const sharesOf = (of: GrpcVariant): number[] =>
    results.map((round) => round[`direct.${level}.${of}.unansweredShare`]).filter((share) => share !== undefined);
  const [own, other] = [sharesOf(variant), sharesOf(otherShape(variant))];
  return own.length >= BEATEN_AFTER && own.every((share, index) => share > BEATEN_SHARE && share > (other[index] ?? 1));
}

/** The whole rate on a cold compiler leaves a backlog; it is worked off before anything is measured. */
export async function warmUp(cell: DirectCell, warmupMs: number, perSecond: number): Promise<void> {
  await cell.run({ perSecond, warmupMs: 0, windowMs: warmupMs, giveUpMs: WARMUP_GIVE_UP_MS });
}

/** What the generator alone takes of the edge role's core at each level, warm as it is in the cells it is compared with. */
async function measureGenerator(plan: LinkPlan): Promise<Figures> {
  const figures: Figures = {};
  const cell = await DirectCell.start("none", plan.levels[0]!);
  const windowMs = Math.max(plan.windowMs / 2, 300);
  try {
    const highest = plan.levels.at(-1)! * plan.perStream;
    await cell.run({ perSecond: highest, warmupMs: 0, windowMs: 2 * windowMs, giveUpMs: GIVE_UP_MS });
    for (const level of plan.levels) {
      await cell.openStreams(level);
      const load = { perSecond: level * plan.perStream, warmupMs: plan.rampMs, windowMs, giveUpMs: GIVE_UP_MS };
      const { edgeUtilization, cpuSeconds } = await cell.run(load);
      refuseBusyGenerator(edgeUtilization!, `${level} streams, direct`);
      figures[`direct.${level}.generator.utilization`] = edgeUtilization!;
      figures[`direct.${level}.generator.cpuSeconds`] = cpuSeconds!;
    }
  } finally {
    await cell.stop();
  }
  return figures;
}
