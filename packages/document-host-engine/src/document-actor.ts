import type { DocumentCommand, DocumentInstance, DocumentRuntime } from "@tidewire/document";
import { type DocumentName, documentPath, ServiceError } from "@tidewire/foundation";
import type { ActorModules, ActorState, HandOverReason } from "./actor-types.ts";
import type { AppendInFlight } from "./append-in-flight.ts";
import { CommandPipeline } from "./command-pipeline.ts";
import { CopyKeeper, STUCK_TIMER_MS } from "./copy-keeper.ts";
import type { DocumentCopy } from "./document-copy.ts";
import { DocumentTurn } from "./document-turn.ts";
import { DocumentViewers } from "./document-viewers.ts";
import { countLimit } from "./host-metrics.ts";
import type { DocumentHostOptions } from "./options.ts";
import type { CommandDone } from "./pending-command.ts";
import { ReadQueue } from "./read-queue.ts";
import { refusals } from "./refusals.ts";
import { RuntimeChange, type RuntimeOutcome } from "./runtime-change.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { blame, type TurnParts, workBeforeHandOver, workBeforeReload, workOnCopy } from "./turn-phases.ts";
import type { TurnBudget, TurnWorker } from "./turn-scheduler.ts";
import type { ViewerClaim, ViewerRequest, ViewerSlot } from "./viewer-slot.ts";
import { WakeTimer } from "./wake-timer.ts";

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
  readonly #modules: ActorModules;
  readonly #options: DocumentHostOptions;
  readonly #keeper: CopyKeeper;
  readonly #pipeline: CommandPipeline;
  readonly #reads: ReadQueue;
  readonly #viewers: DocumentViewers;
  readonly #parts: TurnParts;
  readonly #runtime: RuntimeChange;
  #turn: DocumentTurn | undefined;
  #lastUsedAt: number;

  constructor(modules: ActorModules, name: DocumentName, options: DocumentHostOptions) {
    this.name = name;
    this.path = documentPath(name);
    this.#modules = modules;
    this.#options = options;
    const ready = (): void => modules.scheduler.markReady(this);
    this.#pipeline = new CommandPipeline(modules, name, options, (inFlight, outcome) =>
      this.#safely(() => this.#keeper.appendEnded(inFlight, outcome)),
    );
    this.#reads = new ReadQueue(options.readsPerDocumentMax);
    this.#viewers = new DocumentViewers(modules, options);
    this.#parts = {
      clock: modules.clock,
      viewers: this.#viewers,
      reads: this.#reads,
      pipeline: this.#pipeline,
      wake: new WakeTimer(modules.clock, ready),
      snapshots: new SnapshotWriter(modules, name),
    };
    this.#keeper = new CopyKeeper(modules, this, options, this.#parts, ready);
    this.#runtime = new RuntimeChange(modules.runtime);
    void this.#keeper.closed.then(() => this.#runtime.ended());
    this.#lastUsedAt = modules.clock.monotonicMs();
  }

  get state(): ActorState {
    return this.#keeper.state;
  }

  /** Takes requests; they may have to wait. */
  get isServing(): boolean {
    return this.state !== "handing-over" && this.state !== "closed";
  }

  /** Why it is on its way out; `undefined` while it is not. */
  get leavesFor(): HandOverReason | undefined {
    return this.#keeper.leavesFor;
  }

  get closed(): Promise<void> {
    return this.#keeper.closed;
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
      this.state === "active" &&
      this.#viewers.size === 0 &&
      this.#viewers.presence.size === 0 &&
      this.#pipeline.isIdle &&
      this.#reads.length === 0 &&
      !this.#parts.snapshots.isWriting
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
    if (this.#viewers.creditGrew(slot)) this.#ready();
  }

  /** Compares what a client holds with what it was sent; a wrong state is repaired by a snapshot. */
  check(slot: ViewerSlot, claim: ViewerClaim): void {
    this.#viewers.claims(slot, claim);
    this.#ready();
  }

  resync(slot: ViewerSlot): void {
    slot.resync();
    this.#ready();
  }

  /** Another owner opened the document under this epoch. */
  fencedBy(epoch: number): void {
    this.#keeper.fencedBy(epoch);
  }

  /** Compares with the log whether another owner wrote meanwhile; for after an outage, when warnings may be lost. */
  verify(): Promise<void> {
    return this.#keeper.verify();
  }

  /** Lets the document go: to another host, or from memory. Resolves when that is done. */
  handOver(reason: HandOverReason): Promise<void> {
    return this.#keeper.handOver(reason);
  }

  /**
   * Goes on under new code of the same space, from its next durable point on; viewers keep their streams, and requests
   * wait. If it cannot be opened under it, it goes on under the old code, and the error says why.
   */
  adopt(runtime: DocumentRuntime): Promise<RuntimeOutcome> {
    if (this.state === "closed" || this.state === "handing-over") return Promise.resolve(undefined);
    const outcome = this.#runtime.request(runtime);
    this.#ready();
    return outcome;
  }

  /** Ends everything at once without a word to the log. */
  abandon(): void {
    this.#keeper.leave(refusals.moving, false);
  }

  /** Deadlines, outages, idleness: what happens because time passed. */
  sweep(): void {
    if (this.state !== "closed") this.#safely(() => this.#sweep());
  }

  prepare(): void {
    this.#viewers.syncCredit();
    this.#reads.stage();
    this.#pipeline.stage();
  }

  work(budget: TurnBudget): void {
    const turn = new DocumentTurn(budget);
    this.#turn = turn;
    const copy = this.#keeper.copy;
    const { inFlight } = this.#pipeline;
    if (this.state === "closed" || this.#keeper.isLettingGo) return;
    if (copy === undefined) this.#build(turn);
    else if (inFlight !== undefined) {
      if (inFlight.isSlow && this.state === "appending") this.#keeper.standIn.work(turn, copy, this.#parts);
    } else if (this.state === "handing-over") workBeforeHandOver(turn, copy, this.#parts);
    else if (this.#runtime.isWaiting) workBeforeReload(turn, copy, this.#parts);
    else workOnCopy(turn, copy, this.#parts, this.#options.batchMaxTimers);
  }

  finish(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined || this.state === "closed" || this.#keeper.isLettingGo) return;
    if (turn.openError !== undefined) {
      if (this.#runtime.failed(turn.openError)) this.#ready();
      else this.#keeper.openFailed(turn.openError);
      return;
    }
    if (turn.opened !== undefined) {
      this.#runtime.succeeded();
      this.#keeper.install(turn.opened);
    }
    this.#viewers.attachedAll(turn.attached);
    this.#viewers.checkedAll(turn.checked);
    for (const { viewers, error } of turn.failed) this.#viewers.detachedBy(viewers, error);
    this.#viewers.send(turn.frames);
    this.#pipeline.flushAnswers();
    for (const { error } of turn.reads) countLimit(this.#modules.metrics, error);
    this.#reads.settle(turn.reads);
    const copy = this.#keeper.copy;
    if (copy === undefined) return;
    if (this.state === "handing-over" && this.#pipeline.inFlight === undefined) {
      void this.#keeper.letGo(copy, turn.snapshotData);
      return;
    }
    if (turn.snapshotData !== undefined) void this.#parts.snapshots.write(copy, turn.snapshotData);
    if (turn.hasRunBatch) this.#batchRan(copy, turn);
    else if (this.#runtime.isWaiting && this.state === "active") {
      this.#keeper.reloadUnder(this.#runtime.begin());
      return;
    }
    if (this.#hasMore() || (this.#runtime.isWaiting && this.state === "active")) this.#ready();
  }

  cut(error: unknown): void {
    const turn = this.#turn;
    this.#turn = undefined;
    const during = turn?.doing.kind ?? "finish";
    this.#modules.metrics.runaways.add(1, { during });
    this.#modules.logger.error({ err: error, space: this.name.space, during }, "document code was cut off");
    if (this.state === "closed") return;
    this.#pipeline.flushAnswers();
    if (turn !== undefined) blame(turn, this.#parts, refusals.ranAway(), STUCK_TIMER_MS);
    const isQuarantined = this.#modules.quarantine.strike(this.path);
    if (isQuarantined) {
      this.#modules.metrics.quarantines.add(1);
      this.#keeper.leave(() => refusals.quarantined(this.#modules.quarantine.remainingMs(this.path)), false);
    } else if (this.#keeper.copy === undefined && this.#runtime.failed(refusals.ranAway())) {
      this.#ready();
    } else if (turn === undefined || this.#keeper.copy === undefined || this.state === "handing-over") {
      this.#keeper.leave(refusals.ranAway, false);
    } else if (this.#pipeline.inFlight !== undefined) {
      // It was the stand-in: what was sent to the log is not in question.
      this.#keeper.standIn.broke();
      this.#viewers.orphanOthers(this.#keeper.copy.instance);
    } else {
      this.#keeper.reload();
    }
  }

  #build(turn: DocumentTurn): void {
    const opened = this.#keeper.opening.opened;
    if (opened === undefined) return;
    try {
      turn.opened = turn.open(this.#runtime.current, this.name, {
        seq: opened.seq,
        isDeleted: opened.isDeleted,
        ...(opened.snapshot === undefined ? {} : { snapshot: opened.snapshot.data }),
        patches: opened.patches.map((patch) => patch.data),
        ...(opened.deletion === undefined ? {} : { deletion: opened.deletion.data }),
      });
      // A migration may have changed something, which must be durable before it is seen.
      turn.takePatch(turn.opened);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      turn.openError = error;
    }
  }

  #batchRan(copy: DocumentCopy, turn: DocumentTurn): void {
    const { wake } = this.#parts;
    this.#pipeline.ran(copy, turn);
    wake.set(copy.instance.wakeAt);
    if (turn.isTimerStuck) wake.postpone(STUCK_TIMER_MS);
    if (this.#pipeline.inFlight !== undefined) {
      this.#keeper.appendStarted();
      return;
    }
    this.#keeper.tellPresence(turn.executed);
    this.#pipeline.flushAnswers();
  }

  #sweep(): void {
    const now = this.#modules.clock.monotonicMs();
    this.#pipeline.expire(now);
    this.#reads.expire(now, refusals.late);
    this.#viewers.expire(now);
    const { inFlight } = this.#pipeline;
    if (inFlight !== undefined) this.#sweepAppend(inFlight, now - inFlight.startedAt);
    else if (this.#keeper.copy !== undefined) this.#sweepQuiet(now);
    else if (this.#keeper.opening.isLate(now)) {
      this.#pipeline.failQueued(refusals.logAway);
      this.#reads.failAll(refusals.logAway);
      if (this.#viewers.size === 0) this.#keeper.leave(refusals.logAway, true);
    }
  }

  #sweepAppend(inFlight: AppendInFlight, elapsedMs: number): void {
    if (elapsedMs >= this.#options.appendPatienceMs && !inFlight.isGivenUp) {
      this.#pipeline.giveUpOnBatch();
      this.#pipeline.failQueued(refusals.logAway);
    }
    if (elapsedMs < this.#options.appendSlowMs) return;
    if (!inFlight.isSlow) this.#modules.metrics.outages.add(1);
    inFlight.isSlow = true;
    if (this.#keeper.standIn.canServe(this.#keeper.copy!)) this.#ready();
    else this.#reads.failAll(refusals.logAway);
  }

  #sweepQuiet(now: number): void {
    if (this.#hasMore()) this.#ready();
    const copy = this.#keeper.copy;
    if (copy === undefined || !this.isIdle) return;
    const wakesInMs = (copy.instance.wakeAt ?? Number.POSITIVE_INFINITY) - this.#modules.clock.wallMs();
    const idleMs = copy.instance.exists ? this.#options.idleUnloadMs : this.#options.emptyUnloadMs;
    if (wakesInMs > this.#options.idleUnloadMs && now - this.#lastUsedAt >= idleMs) void this.handOver("idle");
  }

  /** Whether another turn has something to do right now. */
  #hasMore(): boolean {
    if (this.state !== "active") return false;
    if (this.#pipeline.queued > 0 || this.#reads.length > 0) return true;
    if (this.#viewers.hasCredit || this.#viewers.checks.size > 0) return true;
    const now = this.#modules.clock.monotonicMs();
    const instance = this.#keeper.copy?.instance;
    if (instance?.owesCommit === true || (instance?.deliverAt ?? Number.POSITIVE_INFINITY) <= now) return true;
    if (this.#viewers.presence.steps(now).length > 0) return true;
    for (const slot of this.#viewers.unattached) if (slot.agent.isConnected) return true;
    return false;
  }

  /** A fault of ours costs this document, not the process. */
  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.cut(error);
    }
  }

  #requireServing(): void {
    if (!this.isServing) throw refusals.moving();
  }

  #used(): void {
    this.#lastUsedAt = this.#modules.clock.monotonicMs();
    this.#ready();
  }

  #ready(): void {
    this.#modules.scheduler.markReady(this);
  }
}
