import type { RecordNode } from "../state/record-node.ts";
import type { Guard, RecordType } from "../state/record-type.ts";
import type { TableNode } from "../state/table-node.ts";

/**
 * What a walk over the state may see. "Held" is what the receiver has since its last frame: it has to be remembered,
 * because today's policy does not tell what yesterday's answered.
 */
export interface Lens {
  /** The log's: private and guarded things too, as if there were no policies. */
  readonly seesAll: boolean;
  /** Asks the policy. */
  sees(guard: Guard, record: RecordNode): boolean;
  wasHeld(guard: Guard, record: RecordNode): boolean;
  hold(guard: Guard, record: RecordNode, isHeld: boolean): void;
  /** Something outside of the guarded records has changed: every record has to be asked again. */
  isDirty(guard: Guard): boolean;
  /** Whether any guard of this type or beneath is dirty. */
  isAnyDirty(type: RecordType): boolean;
  /**
   * The newest change that the answer of `guard` can come from, if it is newer than `than`; otherwise anything up to that.
   * It may be one that did not change the answer, but it is never older than the one that did.
   */
  answerSeq(guard: Guard, record: RecordNode, than: number): number;
  /** What is held now. */
  holds(guard: Guard, record: RecordNode): boolean;
  /** The order last sent of a table whose records have a policy. */
  orderSent(table: TableNode): readonly RecordNode[];
  setOrderSent(table: TableNode, rows: readonly RecordNode[]): void;
}

/** For state without policies: everything but what is private. */
export const openLens: Lens = {
  seesAll: false,
  sees: () => false,
  wasHeld: () => false,
  hold: () => {},
  isDirty: () => false,
  isAnyDirty: () => false,
  answerSeq: () => 0,
  holds: () => false,
  orderSent: () => [],
  setOrderSent: () => {},
};

/** Everything, for the log. */
export const wholeLens: Lens = { ...openLens, seesAll: true };
