import type { DocumentInstance, DocumentRuntime } from "@tidewire/document";
import type { DocumentName, ServiceError, Timer } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import type { ActorModules, ActorState, HandOverReason } from "./actor-types.ts";
import type { AppendInFlight } from "./append-in-flight.ts";
import { CopyOpening } from "./copy-opening.ts";
import { DocumentCopy } from "./document-copy.ts";
import type { Executed } from "./document-turn.ts";
import type { AppendOutcome } from "./log-append.ts";
import type { DocumentHostOptions } from "./options.ts";
import { refusals } from "./refusals.ts";
import { StandIn } from "./stand-in.ts";
import type { TurnParts } from "./turn-phases.ts";

/** A timer whose handler was refused or cut off is not fired again before this. */
export const STUCK_TIMER_MS = 10_000;

/**
 * How a document comes to this host, stays in step with the log, and goes. It owns the copy in memory: drops it as soon
 * as the log says that somebody else writes, reads it again where the table still names this host, and otherwise ends
 * everything. Of a command it never says "moving" unless the command surely did not happen, or a marker would tell.
 */
export class CopyKeeper {
  readonly opening: CopyOpening;
  readonly closed: Promise<void>;
  readonly #modules: ActorModules;
  readonly #document: DocumentName;
  readonly #path: string;
  readonly #options: DocumentHostOptions;
  readonly #parts: TurnParts;
  readonly #ready: () => void;
  #state: ActorState = "loading";
  #standIn: StandIn;
  #copy: DocumentCopy | undefined;
  #leavesFor: HandOverReason | undefined;
  #handOverTimer: Timer | undefined;
  #isLettingGo = false;
  /** How far this host knows the log to reach. */
  #durableSeq = 0;
  #resolveClosed!: () => void;

  /** @param ready asks for a turn of the document. */
  constructor(
    modules: ActorModules,
    document: { readonly name: DocumentName; readonly path: string },
    options: DocumentHostOptions,
    parts: TurnParts,
    ready: () => void,
  ) {
    this.#modules = modules;
    this.#document = document.name;
    this.#path = document.path;
    this.#options = options;
    this.#parts = parts;
    this.#ready = ready;
    this.#standIn = new StandIn(modules.runtime, document.name);
    const mayCreate = (): boolean =>
      parts.pipeline.wantsToCreate ||
      (modules.runtime.createsOnDemand && (parts.pipeline.queued > 0 || parts.viewers.size > 0));
    this.opening = new CopyOpening(modules, document.name, options, mayCreate, ready);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.opening.start();
  }

  get state(): ActorState {
    return this.#state;
  }

  get standIn(): StandIn {
    return this.#standIn;
  }

  get copy(): DocumentCopy | undefined {
    return this.#copy;
  }

  /** Why the document is on its way out; `undefined` while it is not. */
  get leavesFor(): HandOverReason | undefined {
    return this.#leavesFor;
  }

  /** The epoch is being given back; there are no more turns. */
  get isLettingGo(): boolean {
    return this.#isLettingGo;
  }

  /** The opened log has become an instance. */
  install(instance: DocumentInstance): void {
    const opened = this.opening.opened!;
    this.opening.taken();
    this.#compareWithBefore(opened);
    this.#copy = new DocumentCopy(instance, opened, this.#modules.copies, this.#options);
    this.#state = "active";
    this.#parts.pipeline.reopened(opened);
    this.#inheritPresence(instance);
    this.#parts.wake.set(instance.wakeAt);
    this.#modules.metrics.opens.add(1, { outcome: "opened" });
    if (this.opening.isPast(opened.epoch)) this.#fenced(true);
  }

  openFailed(error: ServiceError): void {
    this.#modules.metrics.opens.add(1, { outcome: "failed" });
    this.#modules.logger.error({ err: error, space: this.#document.space }, "a document cannot be opened");
    this.#modules.quarantine.strike(this.#path);
    this.leave(() => error, true);
  }

  appendStarted(): void {
    this.#state = "appending";
  }

  appendEnded(inFlight: AppendInFlight, outcome: AppendOutcome): void {
    if (outcome.kind === "durable") this.#committed(inFlight);
    else if (outcome.kind === "fenced") this.#fenced(outcome.isCertain);
    else if (outcome.kind === "refused") this.#refused(inFlight, outcome.error);
  }

  /** The document has been told who came and left; call when that is durable. */
  tellPresence(batch: readonly Executed[]): void {
    for (const executed of batch) {
      if (executed.origin === "presence") this.#parts.viewers.told(executed.step, executed.outcome);
    }
  }

  /** Another owner opened the document under this epoch. */
  fencedBy(epoch: number): void {
    this.opening.heardOf(epoch);
    // With an append in flight the log's answer to that is the better word: it may have been in time.
    if (this.#copy === undefined || this.#parts.pipeline.inFlight !== undefined) return;
    if (this.opening.isPast(this.#copy.epoch)) this.#fenced(true);
  }

  /** Compares with the log whether another owner wrote meanwhile. */
  async verify(): Promise<void> {
    const copy = this.#copy;
    if (copy === undefined || this.#state !== "active") return;
    const range = { afterSeq: copy.durableSeq, limit: 1 };
    const { patches, snapshot, deletion } = await this.#modules.log.read(this.#document, range);
    const isBehind = patches.length > 0 || snapshot !== undefined || deletion !== undefined;
    if (isBehind && this.#copy === copy && this.#state === "active") this.#fenced(true);
  }

  /** Memory cannot be trusted; the log can. */
  reload(): void {
    this.#dropCopy();
    this.#state = "loading";
    this.opening.start();
  }

  /** The copy goes on as one of other code, read from the log. Call with memory equal to it. */
  reloadUnder(runtime: DocumentRuntime): void {
    this.#standIn = new StandIn(runtime, this.#document);
    this.reload();
  }

  handOver(reason: HandOverReason): Promise<void> {
    if (this.#state === "closed" || this.#state === "handing-over") return this.closed;
    this.#modules.metrics.handOvers.add(1, { reason });
    this.#leavesFor = reason;
    this.#state = "handing-over";
    this.#parts.pipeline.failQueued(refusals.moving);
    this.#parts.reads.failAll(refusals.moving);
    if (this.#copy === undefined) {
      this.leave(refusals.moving, true);
      return this.closed;
    }
    const letGo = (): void => this.leave(refusals.moving, false);
    this.#handOverTimer = this.#modules.clock.after(this.#options.handOverMaxMs, letGo);
    this.#ready();
    return this.closed;
  }

  /** Everything is said: the next owner gets a short tail and a free epoch. */
  async letGo(copy: DocumentCopy, snapshotData: Uint8Array | undefined): Promise<void> {
    this.#isLettingGo = true;
    if (snapshotData !== undefined) await this.#parts.snapshots.write(copy, snapshotData);
    try {
      if (copy.epoch > 0) await this.#modules.log.release(this.#document, copy.epoch);
    } catch {
      // The next owner takes a newer epoch anyway; the release only saves it a warning to us.
    }
    this.leave(refusals.moving, true);
  }

  /** Ends everything now. `isCertain`: a batch in flight surely did not happen. */
  leave(error: () => ServiceError, isCertain: boolean): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#parts.pipeline.close(error, isCertain);
    this.#dropCopy();
    this.#parts.reads.failAll(error);
    this.#parts.viewers.endAll(error);
    this.opening.cancel();
    this.#handOverTimer?.cancel();
    this.#resolveClosed();
  }

  #committed(inFlight: AppendInFlight): void {
    const copy = this.#copy!;
    const { viewers, pipeline } = this.#parts;
    copy.appended(inFlight.patch);
    pipeline.committed(inFlight);
    this.tellPresence(inFlight.executed);
    if (this.standIn.isInUse) viewers.moveTo(copy.instance);
    this.standIn.reset();
    if (this.#state === "appending") this.#state = "active";
    if (inFlight.patch.deletes) viewers.endAll(refusals.deleted);
    if (this.opening.isPast(copy.epoch)) {
      // In time, but the next owner shows it: here it is only answered.
      pipeline.flushAnswers();
      this.#fenced(true);
    }
    this.#ready();
  }

  #refused(inFlight: AppendInFlight, error: ServiceError): void {
    const { pipeline, viewers, wake } = this.#parts;
    this.#modules.logger.warn({ err: error, space: this.#document.space }, "the log refused a batch");
    // Nobody's command, so it will come again by itself: not for ever.
    const isOurs = inFlight.callers().length === 0;
    const isHopeless = isOurs && this.#modules.quarantine.strike(this.#path);
    pipeline.refused(inFlight, error);
    const [only, ...others] = inFlight.executed;
    if (only?.origin === "presence" && others.length === 0) viewers.told(only.step, { status: "refused", error });
    if (inFlight.executed.some((executed) => executed.origin === "timer")) wake.postpone(STUCK_TIMER_MS);
    if (this.#state === "handing-over" || isHopeless) this.leave(refusals.moving, true);
    else this.reload();
  }

  #fenced(isCertain: boolean): void {
    this.#modules.metrics.fences.add();
    if (this.#state === "handing-over" || !this.#modules.owns(this.#document)) {
      this.leave(refusals.moving, isCertain);
      return;
    }
    this.#parts.pipeline.lost();
    this.#dropCopy();
    this.#state = "fenced";
    this.opening.startAgain();
  }

  /** The log follows nobody: a host that remembers more than it holds says so, and goes on with what it holds. */
  #compareWithBefore(opened: OpenedLog): void {
    const knownSeq = this.#durableSeq;
    this.#durableSeq = opened.seq;
    if (opened.seq >= knownSeq) return;
    this.#modules.metrics.shorterLogs.add();
    this.#modules.logger.error(
      { space: this.#document.space, seq: opened.seq, knownSeq },
      "the log of a document came back shorter than it was: acknowledged writes are lost, the document goes on from the log",
    );
  }

  /** Agents that the log knows as connected have the grace to come back; the others are connected anew. */
  #inheritPresence(instance: DocumentInstance): void {
    const { presence } = this.#parts.viewers;
    const now = this.#modules.clock.monotonicMs();
    presence.forgetConnected();
    for (const principal of instance.connected) presence.inherited(principal, now, this.#options.reattachGraceMs);
  }

  #dropCopy(): void {
    if (this.#copy !== undefined) this.#durableSeq = this.#copy.durableSeq;
    this.#copy?.durable.close();
    this.#copy = undefined;
    this.standIn.reset();
    this.#parts.viewers.orphanAll();
    this.#parts.wake.cancel();
  }
}
