import type { LoopWake } from "../../shared/open-loop.ts";
import type { CpuFigures } from "../../shared/process-cpu.ts";
import type { LinkVariant } from "../link-variants.ts";
import type { LatencyFigures } from "../operation-ledger.ts";

/** `none`: the edge role answers by itself, which shows what the generator in it costs. */
export type DirectVariant = LinkVariant | "none";

export interface EdgeRoleSettings {
  readonly variant: DirectVariant;
  readonly address: string;
  readonly streams: number;
}

export interface HostRoleSettings {
  readonly variant: LinkVariant;
}

export interface Load {
  readonly perSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  /** If the link was overloaded, what is still under way so long afterwards is given up, and the window says so. */
  readonly giveUpMs: number;
  /** `timer` if left out. */
  readonly wake?: LoopWake;
}

/** An operation is done when its answer and its delta are there; its latency ends with the later of the two. */
export interface EdgeWindow {
  readonly cpu: CpuFigures;
  /** Operations due in the window. */
  readonly offered: number;
  /** Those of them that were not done 500 ms after its end. */
  readonly unanswered: number;
  /** Operations done within the window, whenever they were due. */
  readonly delivered: number;
  /** From the time an operation was due. */
  readonly due: LatencyFigures;
  /** From the time it was really sent. */
  readonly service: LatencyFigures;
  readonly tickLateP99Ms: number;
  /** Turns of the event loop in the window, where the generator looks at the clock in each. */
  readonly turns: number;
  readonly rssBytes: number;
  /** Why these processes cannot be used again: the load was too much for the link. */
  readonly gaveUp?: string;
}

export interface HostWindow {
  readonly cpu: CpuFigures;
  /** Deltas that had to wait for credit when they arose. */
  readonly deferred: number;
  readonly rssBytes: number;
}

/** What a transport counted since it was made. */
export type TrafficSums = Readonly<Record<string, number>>;
