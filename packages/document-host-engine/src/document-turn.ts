import type {
  Audience,
  CommandOutcome,
  DocumentInstance,
  DocumentPatch,
  DocumentRuntime,
  Frame,
  StoredDocument,
  Viewer,
} from "@tidewire/document";
import { type DocumentName, ServiceError } from "@tidewire/foundation";
import type { PendingCommand } from "./pending-command.ts";
import type { Agent, PresenceStep } from "./presence.ts";
import type { DurableRead, ReadOutcome } from "./read-queue.ts";
import type { TurnBudget } from "./turn-scheduler.ts";
import type { ViewerClaim, ViewerSlot } from "./viewer-slot.ts";

/**
 * Viewers that may get their first frame, or a whole new one, in one turn: with snapshots of 100 KB, what a turn adds to a
 * connection stays below the bounds of the link, which then says so through the credit of the next ones.
 */
export const SNAPSHOTS_PER_TURN = 64;

/** What document code is run for at this moment; after a cut it says whom to answer. */
export type Doing =
  | { readonly kind: "open" | "deliver" | "timer" | "patch" | "snapshot" }
  | { readonly kind: "attach" | "check"; readonly slot: ViewerSlot }
  | { readonly kind: "read"; readonly read: DurableRead }
  | { readonly kind: "command"; readonly pending: PendingCommand }
  | { readonly kind: "presence"; readonly step: PresenceStep };

export interface BatchPlan {
  readonly presence: readonly PresenceStep[];
  readonly timersMax: number;
  readonly commands: readonly PendingCommand[];
  /** Wall clock, ms. */
  readonly now: number;
}

/** One command that was run, and on whose behalf. */
export type Executed =
  | { readonly origin: "caller"; readonly pending: PendingCommand; readonly outcome: CommandOutcome }
  | { readonly origin: "presence"; readonly step: PresenceStep; readonly outcome: CommandOutcome }
  | { readonly origin: "timer"; readonly outcome: CommandOutcome };

export interface Checked {
  readonly slot: ViewerSlot;
  readonly claim: ViewerClaim;
  readonly result: "match" | "mismatch" | "unverifiable";
}

/** A frame of this turn, kept until document code is off the stack. */
export interface DueFrame {
  /** Without an audience; otherwise they are its viewers, as they are when the frame is sent. */
  readonly viewers: readonly Viewer[];
  readonly frame: Frame;
  readonly audience: Audience | undefined;
}

export interface Attached {
  readonly slot: ViewerSlot;
  readonly instance: DocumentInstance;
  readonly handle?: Viewer;
  readonly error?: ServiceError;
}

/**
 * Everything of one document's turn that runs document code. It only collects: the turn may be cut off anywhere, and then
 * its results are thrown away as a whole.
 */
export class DocumentTurn {
  readonly budget: TurnBudget;
  doing: Doing = { kind: "open" };
  opened: DocumentInstance | undefined;
  openError: ServiceError | undefined;
  readonly attached: Attached[] = [];
  readonly reads: ReadOutcome[] = [];
  readonly checked: Checked[] = [];
  readonly frames: DueFrame[] = [];
  /** Detached by the runtime: their views are too large. */
  readonly failed: { readonly viewers: readonly Viewer[]; readonly error: ServiceError }[] = [];
  readonly executed: Executed[] = [];
  /** Staged commands the batch has gone through. */
  consumed = 0;
  isTimerStuck = false;
  /** A batch was run to its end, be it an empty one. */
  hasRunBatch = false;
  patch: DocumentPatch | undefined;
  snapshotData: Uint8Array | undefined;
  readonly #connected = new Set<Agent>();
  readonly #tried = new Set<ViewerSlot>();

  constructor(budget: TurnBudget) {
    this.budget = budget;
  }

  open(runtime: DocumentRuntime, name: DocumentName, stored: StoredDocument): DocumentInstance {
    this.doing = { kind: "open" };
    return runtime.open(name, stored);
  }

  attach(instance: DocumentInstance, slots: Iterable<ViewerSlot>, needsPresence: boolean): void {
    for (const slot of slots) {
      if (needsPresence && !slot.agent.isConnected && !this.#connected.has(slot.agent)) continue;
      if (this.#tried.has(slot)) continue;
      this.#tried.add(slot);
      this.doing = { kind: "attach", slot };
      try {
        this.attached.push({ slot, instance, handle: instance.attach(slot.init()) });
      } catch (error) {
        this.attached.push({ slot, instance, error: refusalOf(error) });
      }
      if (this.budget.isSpent || this.attached.length >= SNAPSHOTS_PER_TURN) return;
    }
  }

  read(instance: DocumentInstance, reads: readonly DurableRead[]): void {
    for (const read of reads) {
      if (this.budget.isSpent && this.reads.length > 0) return;
      this.doing = { kind: "read", read };
      try {
        this.reads.push({ read, value: read.run(instance) });
      } catch (error) {
        this.reads.push({ read, error: refusalOf(error) });
      }
    }
  }

  /** @param now monotonic ms */
  check(instance: DocumentInstance, claims: Iterable<readonly [ViewerSlot, ViewerClaim]>, now: number): void {
    for (const [slot, claim] of claims) {
      if (this.budget.isSpent && this.checked.length > 0) return;
      this.doing = { kind: "check", slot };
      this.checked.push({ slot, claim, result: slot.check(instance, claim, now) });
    }
  }

  /** @param now monotonic ms */
  deliver(instance: DocumentInstance, now: number): void {
    if (instance.viewerCount === 0) return;
    this.doing = { kind: "deliver" };
    instance.deliver(
      now,
      (viewers, frame, audience) =>
        this.frames.push({ viewers: audience === undefined ? [...viewers] : viewers, frame, audience }),
      (viewers, error) => this.failed.push({ viewers: [...viewers], error }),
    );
  }

  snapshot(instance: DocumentInstance): void {
    this.doing = { kind: "snapshot" };
    this.snapshotData = instance.snapshot();
  }

  /** Presence first, then timers that are due, then commands in order; ends with the one patch of them all. */
  execute(instance: DocumentInstance, plan: BatchPlan): void {
    for (const step of plan.presence) {
      this.doing = { kind: "presence", step };
      const { kind, agent } = step;
      const outcome = instance.execute({ kind, principal: agent.principal }, plan.now);
      this.executed.push({ origin: "presence", step, outcome });
      if (kind === "connect" && outcome.status === "done") this.#connected.add(agent);
    }
    this.#fireTimers(instance, plan);
    for (const pending of plan.commands) {
      if (this.budget.isSpent && this.executed.length > 0) break;
      this.consumed++;
      if (pending.isSettled) continue;
      this.doing = { kind: "command", pending };
      const outcome = instance.execute(pending.command, plan.now);
      this.executed.push({ origin: "caller", pending, outcome });
      // A patch either deletes or changes; what follows a deletion belongs to the next one.
      if (pending.command.kind === "delete" && outcome.status === "done") break;
    }
    this.takePatch(instance);
  }

  takePatch(instance: DocumentInstance): void {
    this.hasRunBatch = true;
    this.doing = { kind: "patch" };
    this.patch = instance.takePatch();
  }

  #fireTimers(instance: DocumentInstance, plan: BatchPlan): void {
    for (let fired = 0; fired < plan.timersMax; fired++) {
      const dueAt = instance.wakeAt;
      if (dueAt === undefined || dueAt > plan.now) return;
      this.doing = { kind: "timer" };
      const outcome = instance.execute({ kind: "timer" }, plan.now);
      this.executed.push({ origin: "timer", outcome });
      if (outcome.status === "refused" && instance.wakeAt === dueAt) {
        this.isTimerStuck = true;
        return;
      }
    }
  }
}

/** Anything but a `ServiceError` breaks the contract of the runtime: then its state is not to be trusted either. */
function refusalOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}
