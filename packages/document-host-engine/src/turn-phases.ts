import type { DocumentInstance } from "@tidewire/document";
import type { Clock, ServiceError } from "@tidewire/foundation";
import type { CommandPipeline } from "./command-pipeline.ts";
import type { DocumentCopy } from "./document-copy.ts";
import type { DocumentTurn } from "./document-turn.ts";
import type { DocumentViewers } from "./document-viewers.ts";
import type { ReadQueue } from "./read-queue.ts";
import type { SnapshotWriter } from "./snapshot-writer.ts";
import type { ViewerSlot } from "./viewer-slot.ts";
import type { WakeTimer } from "./wake-timer.ts";

/** The parts of a document that a turn works through. */
export interface TurnParts {
  readonly clock: Clock;
  readonly viewers: DocumentViewers;
  readonly reads: ReadQueue;
  readonly pipeline: CommandPipeline;
  readonly wake: WakeTimer;
  readonly snapshots: SnapshotWriter;
}

/** Memory equals the log here: first everything that shows it, then the next batch, which takes it ahead. */
export function workOnCopy(turn: DocumentTurn, copy: DocumentCopy, parts: TurnParts, batchMaxTimers: number): void {
  const { viewers, reads, pipeline } = parts;
  const { instance } = copy;
  const now = parts.clock.monotonicMs();
  turn.attach(instance, viewers.unattached, true);
  turn.read(instance, reads.staged);
  turn.check(instance, viewers.checks, now);
  turn.deliver(instance, now);
  if (parts.snapshots.isDue(copy)) turn.snapshot(instance);
  turn.execute(instance, {
    presence: viewers.presence.steps(now),
    timersMax: parts.wake.isAllowed ? batchMaxTimers : 0,
    commands: pipeline.batch,
    now: parts.clock.wallMs(),
  });
  if (turn.patch !== undefined || turn.executed.length === 0) return;
  // Nothing to log, so memory still equals it: an agent whose presence changed need not wait for another turn.
  turn.attach(instance, viewers.unattached, true);
  turn.deliver(instance, now);
}

/** The last turn: what became durable is shown, and the next owner gets a short tail. */
export function workBeforeHandOver(turn: DocumentTurn, copy: DocumentCopy, parts: TurnParts): void {
  turn.deliver(copy.instance, parts.clock.monotonicMs());
  if (copy.tail.isWorthAHandOver && copy.instance.exists && !parts.snapshots.isWriting) turn.snapshot(copy.instance);
}

/** What became durable is shown, then the document goes on under other code. */
export function workBeforeReload(turn: DocumentTurn, copy: DocumentCopy, parts: TurnParts): void {
  turn.deliver(copy.instance, parts.clock.monotonicMs());
}

/** The log is away: reads and viewers who have nothing yet get the durable state. Presence has to wait. */
export function workOnStandIn(turn: DocumentTurn, standIn: DocumentInstance, parts: TurnParts): void {
  turn.attach(standIn, newcomers(parts.viewers.unattached), false);
  turn.read(
    standIn,
    parts.reads.staged.filter((read) => read.isForAnyCopy),
  );
  turn.deliver(standIn, parts.clock.monotonicMs());
}

function* newcomers(slots: Iterable<ViewerSlot>): Generator<ViewerSlot> {
  for (const slot of slots) if (!slot.hasFrames) yield slot;
}

/** Answers the one whose turn it was when document code was cut off. */
export function blame({ doing }: DocumentTurn, parts: TurnParts, error: ServiceError, timerDelayMs: number): void {
  if (doing.kind === "command") parts.pipeline.remove(doing.pending, error);
  else if (doing.kind === "presence") parts.viewers.told(doing.step, { status: "refused", error });
  else if (doing.kind === "read") parts.reads.settle([{ read: doing.read, error }]);
  else if (doing.kind === "attach" || doing.kind === "check") parts.viewers.end(doing.slot, error);
  else if (doing.kind === "timer") parts.wake.postpone(timerDelayMs);
}
