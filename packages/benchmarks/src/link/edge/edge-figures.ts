import type { CpuFigures } from "../../shared/process-cpu.ts";
import type { LatencyFigures } from "../operation-ledger.ts";

export interface GeneratorSettings {
  readonly url: string;
  /** Makes the documents of this run its own. */
  readonly run: string;
}

export interface GeneratorLoad {
  readonly perSecond: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  /** If the system was overloaded, what is still under way so long afterwards is given up, and the window says so. */
  readonly giveUpMs: number;
}

export interface GeneratorWindow {
  /** Of the generator itself. */
  readonly cpu: CpuFigures;
  readonly offered: number;
  readonly unanswered: number;
  /** Done within the window, whenever due. */
  readonly delivered: number;
  /** Deltas that stood for more than one operation. */
  readonly merged: number;
  /** Of all operations since the load began. */
  readonly refused: number;
  readonly firstRefusal: string;
  readonly due: LatencyFigures;
  readonly service: LatencyFigures;
  readonly tickLateP99Ms: number;
  /** Why these processes cannot be used again. */
  readonly gaveUp?: string;
}
