import { rotated } from "../../shared/rotation.ts";
import type { LinkPlan } from "../link-plan.ts";
import { type GrpcVariant, type LinkVariant, otherShape } from "../link-variants.ts";
import { DirectCell } from "./direct-cell.ts";

export type Figures = Record<string, number>;

/** What an overloaded link still has under way so long after a window is given up, and its processes are replaced. */
const GIVE_UP_MS = 1_000;
/** So long a backlog of a warm-up may take: what is left of it would be in the window. */
const WARMUP_GIVE_UP_MS = 3_000;
/** A shape that left so much unanswered in that many windows of a level, where the other did better, is measured no more. */
const BEATEN_SHARE = 0.1;
const BEATEN_AFTER = 2;

/** What links are compared at. */
export interface Stage {
  /** Of the figures: `direct.800` makes `direct.800.binary.p95Ms`. */
  readonly prefix: string;
  readonly streams: number;
  readonly perSecond: number;
  /** Whether every window is followed by one whose generator looks at the clock in every turn of its event loop. */
  readonly hasFineWindows: boolean;
}

/** Links side by side, loaded in turn: the windows of a pair lie next to each other, and meet the same machine. */
export class SideBySide {
  readonly #variants: readonly LinkVariant[];
  readonly #plan: LinkPlan;
  readonly #progress: (text: string) => void;
  readonly #cells = new Map<LinkVariant, DirectCell>();
  /** Not warmed up yet, for this stage where each has a warm-up of its own. */
  readonly #cold = new Set<LinkVariant>();

  constructor(variants: readonly LinkVariant[], plan: LinkPlan, progress: (text: string) => void) {
    this.#variants = variants;
    this.#plan = plan;
    this.#progress = progress;
  }

  /** Stages come with rising numbers of streams. */
  async measure(stage: Stage, results: readonly Figures[]): Promise<void> {
    for (const variant of this.#variants) {
      await this.#cells.get(variant)?.openStreams(stage.streams);
      if (this.#plan.warmsUpEveryLevel) this.#cold.add(variant);
    }
    for (const [round, figures] of results.entries()) {
      this.#progress(
        `${stage.prefix}: ${stage.streams} streams, ${stage.perSecond}/s, round ${round + 1} of ${results.length}`,
      );
      for (const variant of rotated(this.#variants, round)) {
        if (!isBeaten(results, stage, variant)) await this.#measureWindows(variant, stage, figures);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.stop()));
  }

  async #measureWindows(variant: LinkVariant, stage: Stage, into: Figures): Promise<void> {
    const { rampMs, windowMs, fineWindowMs } = this.#plan;
    const { perSecond } = stage;
    const prefix = `${stage.prefix}.${variant}`;
    const cell = await this.#warmCell(variant, stage);
    const load = { perSecond, warmupMs: rampMs, giveUpMs: GIVE_UP_MS };
    put(await cell.run({ ...load, windowMs }), prefix, into);
    if (stage.hasFineWindows && cell.gaveUp === undefined) {
      // It comes straight from a window at the same rate.
      const figures = await cell.run({ ...load, warmupMs: rampMs / 2, windowMs: fineWindowMs, wake: "turn" });
      put(withoutCpu(figures), `${prefix}.fine`, into);
    }
    if (cell.gaveUp === undefined) return;
    this.#progress(`${variant} was overloaded: ${cell.gaveUp}; starting again`);
    this.#cells.delete(variant);
    await cell.stop();
  }

  async #warmCell(variant: LinkVariant, { streams, perSecond }: Stage): Promise<DirectCell> {
    const running = this.#cells.get(variant);
    const cell = running ?? (await DirectCell.start(variant, streams));
    this.#cells.set(variant, cell);
    if (this.#cold.delete(variant) || running === undefined) {
      await warmUp(cell, this.#plan.warmupMs, perSecond);
    }
    return cell;
  }
}

function put(figures: Figures, prefix: string, into: Figures): void {
  for (const [name, value] of Object.entries(figures)) into[`${prefix}.${name}`] = value;
}

/** A process that never sleeps has no CPU to speak of. */
function withoutCpu(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([name]) => !/(Seconds|Utilization|CpuSecond)$/.test(name)));
}

/** A stage is too high for this shape of gRPC, and less so for the other one, which is the one to compare with. */
function isBeaten(results: readonly Figures[], { prefix }: Stage, variant: LinkVariant): boolean {
  if (variant === "binary") return false;
  const sharesOf = (of: GrpcVariant): number[] =>
    results.map((round) => round[`${prefix}.${of}.unansweredShare`]).filter((share) => share !== undefined);
  const [own, other] = [sharesOf(variant), sharesOf(otherShape(variant))];
  return own.length >= BEATEN_AFTER && own.every((share, index) => share > BEATEN_SHARE && share > (other[index] ?? 1));
}

/** The whole rate on a cold compiler leaves a backlog; it is worked off before anything is measured. */
export async function warmUp(cell: DirectCell, warmupMs: number, perSecond: number): Promise<void> {
  await cell.run({ perSecond, warmupMs: 0, windowMs: warmupMs, giveUpMs: WARMUP_GIVE_UP_MS });
}
