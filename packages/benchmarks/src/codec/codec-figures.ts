import type { VariantName } from "./codec-variant.ts";
import type { SampleName, TextKind } from "./sample-messages.ts";

/** One message with one kind of text in one variant. */
export interface CellFigures {
  /** CPU time. */
  readonly encodeNs: number;
  readonly decodeNs: number;
  readonly bytes: number;
  /** Heap and buffers, for one encoding and one decoding. */
  readonly allocatedBytes: number;
}

export interface ProcessFigures {
  readonly variant: VariantName;
  readonly figures: Readonly<Record<string, CellFigures>>;
}

export function cellName(message: SampleName, text: TextKind): string {
  return `${message}.${text}`;
}
