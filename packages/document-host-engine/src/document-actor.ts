import type { DocumentCommand, DocumentInstance } from "@tidewire/document";
import { type DocumentName, documentPath, ServiceError, type Timer } from "@tidewire/foundation";
import type { ActorModules, ActorState, HandOverReason } from "./actor-types.ts";
import type { AppendInFlight } from "./append-in-flight.ts";
import { CommandPipeline } from "./command-pipeline.ts";
import { CopyOpening } from "./copy-opening.ts";
import { DocumentCopy } from "./document-copy.ts";
import { DocumentTurn } from "./document-turn.ts";
import { DocumentViewers } from "./document-viewers.ts";
import type { AppendOutcome } from "./log-append.ts";
import type { DocumentHostOptions } from "./options.ts";
import type { CommandDone } from "./pending-command.ts";
import { ReadQueue } from "./read-queue.ts";
import { refusals } from "./refusals.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { StandIn } from "./stand-in.ts";
import { blame, type TurnParts, workBeforeHandOver, workOnCopy } from "./turn-phases.ts";
import type { TurnBudget, TurnWorker } from "./turn-scheduler.ts";
import type { ViewerRequest, ViewerSlot } from "./viewer-slot.ts";
import { WakeTimer } from "./wake-timer.ts";

/** A timer whose handler was refused or cut off is not fired again before this. */
const STUCK_TIMER_MS = 10_000;

/**
 * One document on this host. Everything happens in turns: a turn first shows viewers what has become durable and answers
 * reads, all while memory equals the log; then it runs the commands that are waiting as one batch. The batch's patch goes
 * to the log, and until that has spoken the document neither runs nor shows anything. The turn after it sends the frames,
 * and after them the answers.
 *
 * Who may write is decided by the log alone. Whatever goes wrong between memory and log, the copy is dropped and read
 * again, viewers keep their streams, and commands run again only if they surely did not happen or carry a marker.
 */
export class DocumentActor implements TurnWorker {
  readonly name: DocumentName;
  readonly path: string;
  readonly closed: Promise<void>;
  readonly #modules: ActorModules;
  readonly #options: DocumentHostOptions;
  readonly #opening: CopyOpening;
  readonly #pipeline: CommandPipeline;
  readonly #reads: ReadQueue;
  readonly #viewers: DocumentViewers;
  readonly #wake: WakeTimer;
  readonly #snapshots: SnapshotWriter;
  readonly #standIn: StandIn;
  readonly #parts: TurnParts;
  #state: ActorState = "loading";
  #copy: DocumentCopy | undefined;
  #turn: DocumentTurn | undefined;
  #handOverTimer: Timer | undefined;
  #isLettingGo = false;
  #leavesFor: HandOverReason | undefined;
  #lastUsedAt: number;
  #resolveClosed!: () => void;

  constructor(modules: ActorModules, name: DocumentName, options: DocumentHostOptions) {
    this.name = name;
    this.path = documentPath(name);
    this.#modules = modules;
    this.#options = options;
    this.#opening = new CopyOpening(modules, name, options, () => modules.scheduler.markReady(this));
    this.#pipeline = new CommandPipeline(modules, name, options, (inFlight, outcome) =>
      this.#appendEnded(inFlight, outcome),
    );
    this.#reads = new ReadQueue(options.readsPerDocumentMax);
    this.#viewers = new DocumentViewers(modules, options);
    this.#wake = new WakeTimer(modules.clock, () => modules.scheduler.markReady(this));
    this.#snapshots = new SnapshotWriter(modules, name);
    this.#standIn = new StandIn(modules.runtime, name);
    this.#parts = {
      clock: modules.clock,
      viewers: this.#viewers,
      reads: this.#reads,
      pipeline: this.#pipeline,
      wake: this.#wake,
      snapshots: this.#snapshots,
    };
    this.#lastUsedAt = modules.clock.monotonicMs();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#opening.start();
  }

  get state(): ActorState {
    return this.#state;
  }

  get isServing(): boolean {
    return this.#state !== "handing-over" && this.#state !== "closed";
  }

  /** Why it is on its way out; `undefined` while it is not. */
  get leavesFor(): HandOverReason | undefined {
    return this.#leavesFor;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** Monotonic ms. */
  get lastUsedAt(): number {
    return this.#lastUsedAt;
  }

  /** Nothing is going on, so it may be unloaded at any time. */
  get isIdle(): boolean {
    return (
      this.#state === "active" &&
      this.#viewers.size === 0 &&
      this.#viewers.presence.size === 0 &&
      this.#pipeline.isIdle &&
      this.#reads.length === 0 &&
      !this.#snapshots.isWriting
    );
  }

  /** Answers when the effect is durable. Rejects with a `ServiceError`. */
  async submit(command: DocumentCommand, deadlineAt: number): Promise<CommandDone> {
    this.#requireServing();
    if (this.#pipeline.inFlight?.isGivenUp === true) throw refusals.logAway();
    const answer = this.#pipeline.submit(command, deadlineAt);
    this.#used();
    return answer;
  }

  /** Runs `run` on durable state; with `isForAnyCopy` also on the copy that stands in while the log is away. */
  async read<Value>(
    run: (instance: DocumentInstance) => Value,
    options: { readonly deadlineAt: number; readonly isForAnyCopy: boolean },
  ): Promise<Value> {
    this.#requireServing();
    const value = new Promise<unknown>((resolve, reject) => {
      this.#reads.push({ ...options, run, resolve, reject });
    });
    this.#used();
    return value as Promise<Value>;
  }

  /** Throws `moving` and `overloaded`; whatever goes wrong later ends the viewer's stream. */
  connect(request: ViewerRequest): ViewerSlot {
    this.#requireServing();
    const slot = this.#viewers.add(request);
    this.#used();
    return slot;
  }

  viewer(id: string): ViewerSlot | undefined {
    return this.#viewers.get(id);
  }

  disconnected(slot: ViewerSlot, isOrderly: boolean): void {
    this.#viewers.gone(slot, isOrderly);
    this.#used();
  }

  creditGrew(slot: ViewerSlot): void {
    this.#viewers.creditGrew(slot);
    this.#modules.scheduler.markReady(this);
  }

  resync(slot: ViewerSlot): void {
    slot.resync();
    this.#modules.scheduler.markReady(this);
  }

  /** Another owner opened the document under this epoch. */
  fencedBy(epoch: number): void {
    this.#opening.heardOf(epoch);
    // With an append in flight the log's answer to that is the better word: it may have been in time.
    if (this.#copy === undefined || this.#pipeline.inFlight !== undefined) return;
    if (this.#opening.isPast(this.#copy.epoch)) this.#fenced(true);
  }

  /** Compares with the log whether another owner wrote meanwhile; for after an outage, when warnings may be lost. */
  async verify(): Promise<void> {
    const copy = this.#copy;
    if (copy === undefined || this.#state !== "active") return;
    const { patches, snapshot } = await this.#modules.log.read(this.name, { afterSeq: copy.durableSeq, limit: 1 });
    const isBehind = patches.length > 0 || snapshot !== undefined;
    if (isBehind && this.#copy === copy && this.#pipeline.inFlight === undefined && this.#state === "active") {
      this.#fenced(true);
    }
  }

  /** Lets the document go: to another host, or from memory. Resolves when that is done. */
  handOver(reason: HandOverReason): Promise<void> {
    if (this.#state === "closed" || this.#state === "handing-over") return this.closed;
    this.#modules.metrics.handOvers.add(1, { reason });
    this.#leavesFor = reason;
    this.#state = "handing-over";
    this.#pipeline.failQueued(refusals.moving);
    this.#reads.failAll(refusals.moving);
    if (this.#copy === undefined) {
      this.#leave(refusals.moving, true);
      return this.closed;
    }
    this.#handOverTimer = this.#modules.clock.after(this.#options.handOverMaxMs, () =>
      this.#leave(refusals.moving, false),
    );
    this.#modules.scheduler.markReady(this);
    return this.closed;
  }

  /** Ends everything at once without a word to the log. */
  abandon(): void {
    this.#leave(refusals.moving, false);
  }

  /** Deadlines, outages, idleness: what happens because time passed. */
  sweep(): void {
    if (this.#state === "closed") return;
    const now = this.#modules.clock.monotonicMs();
    this.#pipeline.expire(now);
    this.#reads.expire(now, refusals.late);
    this.#viewers.expire(now);
    const { inFlight } = this.#pipeline;
    if (inFlight !== undefined) this.#sweepAppend(inFlight, now - inFlight.startedAt);
    else if (this.#copy !== undefined) this.#sweepQuiet(now);
    else if (this.#opening.isLate(now)) {
      this.#pipeline.failQueued(refusals.logAway);
      this.#reads.failAll(refusals.logAway);
      if (this.#viewers.size === 0) this.#leave(refusals.logAway, true);
    }
  }

  prepare(): void {
    this.#viewers.syncCredit();
    this.#reads.stage();
  }

  work(budget: TurnBudget): void {
    const turn = new DocumentTurn(budget);
    this.#turn = turn;
    const copy = this.#copy;
    const { inFlight } = this.#pipeline;
    if (this.#state === "closed" || this.#isLettingGo) return;
    if (copy === undefined) this.#build(turn);
    else if (inFlight !== undefined) {
      if (inFlight.isSlow && this.#state === "appending") this.#standIn.work(turn, copy, this.#parts);
    } else if (this.#state === "handing-over") workBeforeHandOver(turn, copy, this.#parts);
    else workOnCopy(turn, copy, this.#parts, this.#options.batchMaxTimers);
  }

  finish(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined || this.#state === "closed" || this.#isLettingGo) return;
    if (turn.openError !== undefined) return this.#openFailed(turn.openError);
    if (turn.opened !== undefined) this.#install(turn.opened);
    this.#viewers.attachedAll(turn.attached);
    for (const { viewers, error } of turn.failed) this.#viewers.detachedBy(viewers, error);
    this.#viewers.send(turn.frames);
    this.#pipeline.flushAnswers();
    this.#reads.settle(turn.reads);
    const copy = this.#copy;
    if (copy === undefined) return;
    if (this.#state === "handing-over" && this.#pipeline.inFlight === undefined) {
      void this.#letGo(copy, turn.snapshotData);
      return;
    }
    if (turn.snapshotData !== undefined) void this.#snapshots.write(copy, turn.snapshotData);
    if (turn.hasRunBatch) this.#batchRan(copy, turn);
    if (this.#hasMore()) this.#modules.scheduler.markReady(this);
  }

  cut(error: unknown): void {
    const turn = this.#turn;
    this.#turn = undefined;
    const during = turn?.doing.kind ?? "finish";
    this.#modules.metrics.runaways.add(1, { during });
    this.#modules.logger.error({ err: error, space: this.name.space, during }, "document code was cut off");
    if (this.#state === "closed") return;
    this.#pipeline.flushAnswers();
    if (turn !== undefined) blame(turn, this.#parts, refusals.ranAway(), STUCK_TIMER_MS);
    const isQuarantined = this.#modules.quarantine.strike(this.path);
    if (isQuarantined) {
      this.#modules.metrics.quarantines.add(1);
      this.#leave(() => refusals.quarantined(this.#modules.quarantine.remainingMs(this.path)), false);
    } else if (turn === undefined || this.#copy === undefined || this.#state === "handing-over") {
      this.#leave(refusals.ranAway, false);
    } else if (this.#pipeline.inFlight !== undefined) {
      // It was the stand-in: what was sent to the log is not in question.
      this.#standIn.broke();
      this.#viewers.orphanOthers(this.#copy.instance);
    } else {
      this.#reload();
    }
  }

  #build(turn: DocumentTurn): void {
    const opened = this.#opening.opened;
    if (opened === undefined) return;
    try {
      turn.opened = turn.open(this.#modules.runtime, this.name, {
        seq: opened.seq,
        isDeleted: opened.isDeleted,
        ...(opened.snapshot === undefined ? {} : { snapshot: opened.snapshot.data }),
        patches: opened.patches.map((patch) => patch.data),
      });
      // A migration may have changed something, which must be durable before it is seen.
      turn.takePatch(turn.opened);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      turn.openError = error;
    }
  }

  #install(instance: DocumentInstance): void {
    const opened = this.#opening.opened!;
    this.#opening.taken();
    this.#copy = new DocumentCopy(instance, opened, this.#modules.copies, this.#options);
    this.#state = "active";
    this.#pipeline.reopened(opened);
    this.#inheritPresence(instance);
    this.#wake.set(instance.wakeAt);
    this.#modules.metrics.opens.add(1, { outcome: "opened" });
    if (this.#opening.isPast(opened.epoch)) this.#fenced(true);
  }

  /** Agents that the log knows as connected have the grace to come back; the others are connected anew. */
  #inheritPresence(instance: DocumentInstance): void {
    const { presence } = this.#viewers;
    const now = this.#modules.clock.monotonicMs();
    presence.forgetConnected();
    for (const principal of instance.connected) presence.inherited(principal, now, this.#options.reattachGraceMs);
  }

  #openFailed(error: ServiceError): void {
    this.#modules.metrics.opens.add(1, { outcome: "failed" });
    this.#modules.logger.error({ err: error, space: this.name.space }, "a document cannot be opened");
    this.#modules.quarantine.strike(this.path);
    this.#leave(() => error, true);
  }

  #batchRan(copy: DocumentCopy, turn: DocumentTurn): void {
    this.#pipeline.ran(copy, turn);
    this.#wake.set(copy.instance.wakeAt);
    if (turn.isTimerStuck) this.#wake.postpone(STUCK_TIMER_MS);
    if (this.#pipeline.inFlight !== undefined) {
      this.#state = "appending";
      return;
    }
    for (const executed of turn.executed) {
      if (executed.origin === "presence") this.#viewers.told(executed.step, executed.outcome);
    }
    this.#pipeline.flushAnswers();
  }

  #appendEnded(inFlight: AppendInFlight, outcome: AppendOutcome): void {
    if (outcome.kind === "durable") this.#committed(inFlight);
    else if (outcome.kind === "fenced") this.#fenced(outcome.isCertain);
    else if (outcome.kind === "refused") this.#refused(inFlight, outcome.error);
  }

  #committed(inFlight: AppendInFlight): void {
    const copy = this.#copy!;
    copy.appended(inFlight.patch);
    this.#pipeline.committed(inFlight);
    for (const executed of inFlight.executed) {
      if (executed.origin === "presence") this.#viewers.told(executed.step, executed.outcome);
    }
    if (this.#standIn.isInUse) this.#viewers.moveTo(copy.instance);
    this.#standIn.reset();
    if (this.#state === "appending") this.#state = "active";
    if (inFlight.patch.deletes) this.#viewers.endAll(refusals.deleted);
    if (this.#opening.isPast(copy.epoch)) {
      // In time, but the next owner shows it: here it is only answered.
      this.#pipeline.flushAnswers();
      this.#fenced(true);
    }
    this.#modules.scheduler.markReady(this);
  }

  #refused(inFlight: AppendInFlight, error: ServiceError): void {
    this.#modules.logger.warn({ err: error, space: this.name.space }, "the log refused a batch");
    this.#pipeline.refused(inFlight, error);
    const [only, ...others] = inFlight.executed;
    if (only?.origin === "presence" && others.length === 0) {
      this.#viewers.told(only.step, { status: "refused", error });
    }
    if (inFlight.executed.some((executed) => executed.origin === "timer")) this.#wake.postpone(STUCK_TIMER_MS);
    if (this.#state === "handing-over") this.#leave(refusals.moving, true);
    else this.#reload();
  }

  #fenced(isCertain: boolean): void {
    this.#modules.metrics.fences.add(1);
    if (this.#state === "handing-over" || !this.#modules.owns(this.name)) {
      this.#leave(refusals.moving, isCertain);
      return;
    }
    this.#pipeline.lost();
    this.#dropCopy();
    this.#state = "fenced";
    this.#opening.startAgain();
  }

  /** Memory cannot be trusted; the log can. */
  #reload(): void {
    this.#dropCopy();
    this.#state = "loading";
    this.#opening.start();
  }

  async #letGo(copy: DocumentCopy, snapshotData: Uint8Array | undefined): Promise<void> {
    this.#isLettingGo = true;
    if (snapshotData !== undefined) await this.#snapshots.write(copy, snapshotData);
    try {
      await this.#modules.log.release(this.name, copy.epoch);
    } catch {
      // The next owner takes a newer epoch anyway; the release only saves it a warning to us.
    }
    this.#leave(refusals.moving, true);
  }

  #leave(error: () => ServiceError, isCertain: boolean): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#pipeline.close(error, isCertain);
    this.#dropCopy();
    this.#reads.failAll(error);
    this.#viewers.endAll(error);
    this.#opening.cancel();
    this.#handOverTimer?.cancel();
    this.#resolveClosed();
  }

  #dropCopy(): void {
    this.#copy?.durable.close();
    this.#copy = undefined;
    this.#standIn.reset();
    this.#viewers.orphanAll();
    this.#wake.cancel();
  }

  #sweepAppend(inFlight: AppendInFlight, elapsedMs: number): void {
    if (elapsedMs >= this.#options.appendPatienceMs && !inFlight.isGivenUp) {
      this.#pipeline.giveUpOnBatch();
      this.#pipeline.failQueued(refusals.logAway);
    }
    if (elapsedMs < this.#options.appendSlowMs) return;
    if (!inFlight.isSlow) this.#modules.metrics.outages.add(1);
    inFlight.isSlow = true;
    if (this.#standIn.canServe(this.#copy!)) this.#modules.scheduler.markReady(this);
    else this.#reads.failAll(refusals.logAway);
  }

  #sweepQuiet(now: number): void {
    if (this.#hasMore()) this.#modules.scheduler.markReady(this);
    const copy = this.#copy;
    if (copy === undefined || !this.isIdle) return;
    const wakesInMs = (copy.instance.wakeAt ?? Number.POSITIVE_INFINITY) - this.#modules.clock.wallMs();
    const idleMs = copy.instance.exists ? this.#options.idleUnloadMs : this.#options.emptyUnloadMs;
    if (wakesInMs > this.#options.idleUnloadMs && now - this.#lastUsedAt >= idleMs) void this.handOver("idle");
  }

  /** Whether another turn has something to do right now. */
  #hasMore(): boolean {
    if (this.#state !== "active") return false;
    if (this.#pipeline.queued > 0 || this.#reads.length > 0 || this.#viewers.hasCredit) return true;
    if (this.#viewers.presence.steps(this.#modules.clock.monotonicMs()).length > 0) return true;
    for (const slot of this.#viewers.unattached) if (slot.agent.isConnected) return true;
    return false;
  }

  #requireServing(): void {
    if (!this.isServing) throw refusals.moving();
  }

  #used(): void {
    this.#lastUsedAt = this.#modules.clock.monotonicMs();
    this.#modules.scheduler.markReady(this);
  }
}
