import type { DocumentPatch } from "@tidewire/document";
import type { ServiceError } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import type { Executed } from "./document-turn.ts";
import type { LogAppendAttempt } from "./log-append.ts";
import type { PendingCommand } from "./pending-command.ts";
import { refusals } from "./refusals.ts";

/** A batch between its run in memory and the log's word on it. */
export class AppendInFlight {
  readonly attempt: LogAppendAttempt;
  readonly patch: DocumentPatch;
  readonly executed: readonly Executed[];
  /** Monotonic ms. */
  readonly startedAt: number;
  /** Slow enough to serve reads from the durable copy. */
  isSlow = false;
  /** Its commands were told that nobody knows. */
  isGivenUp = false;

  constructor(attempt: LogAppendAttempt, patch: DocumentPatch, executed: readonly Executed[], startedAt: number) {
    this.attempt = attempt;
    this.patch = patch;
    this.executed = executed;
    this.startedAt = startedAt;
  }

  /** The callers still waiting, in order. */
  callers(): PendingCommand[] {
    return this.executed.flatMap((executed) =>
      executed.origin === "caller" && !executed.pending.isSettled ? [executed.pending] : [],
    );
  }
}

/** Callers of a batch of which only the next opening of the log can tell whether it happened. */
export interface DoubtfulBatch {
  readonly callers: readonly PendingCommand[];
  readonly toSeq: number;
}

/**
 * Sorts the callers of a doubtful batch. The log recognises an append it has committed unless a snapshot or a deletion
 * has replaced it since; so a head before the batch, or patches that reach back to it, prove that it did not happen.
 */
export function settleDoubt(doubt: DoubtfulBatch, opened: OpenedLog): PendingCommand[] {
  const isReplaced = opened.isDeleted || (opened.snapshot?.seq ?? 0) >= doubt.toSeq;
  if (opened.seq < doubt.toSeq || !isReplaced) return [...doubt.callers];
  return repeatableOnly(doubt.callers, refusals.unknownOutcome);
}

/** Fails those for whom a second run could be a second effect; the others may run again: their markers decide. */
export function repeatableOnly(callers: readonly PendingCommand[], error: () => ServiceError): PendingCommand[] {
  for (const caller of callers) if (!caller.isRepeatable) caller.fail(error());
  return callers.filter((caller) => caller.isRepeatable);
}
