import type { DocumentCommand } from "@tidewire/document";
import type { DocumentName, ServiceError } from "@tidewire/foundation";
import type { OpenedLog } from "@tidewire/log-engine";
import { AppendInFlight, type DoubtfulBatch, repeatableOnly, settleDoubt } from "./append-in-flight.ts";
import { CommandQueue } from "./command-queue.ts";
import type { DocumentCopy } from "./document-copy.ts";
import type { DocumentTurn, Executed } from "./document-turn.ts";
import { countLimit, type HostMetrics } from "./host-metrics.ts";
import { type AppendOutcome, LogAppendAttempt, type LogModules } from "./log-append.ts";
import type { DocumentHostOptions } from "./options.ts";
import { type CommandAllowance, type CommandDone, PendingCommand } from "./pending-command.ts";
import { refusals } from "./refusals.ts";

export interface PipelineModules extends LogModules {
  readonly metrics: HostMetrics;
  readonly commands: CommandAllowance;
}

/**
 * Group commit of one document: commands wait while an append is in flight, then run as one batch with one append, and
 * are answered in order when that is durable. Of every command it knows whether it surely did not happen, so that it may
 * run again, or whether only a marker could tell.
 */
export class CommandPipeline {
  readonly #modules: PipelineModules;
  readonly #document: DocumentName;
  readonly #options: DocumentHostOptions;
  readonly #onOutcome: (inFlight: AppendInFlight, outcome: AppendOutcome) => void;
  readonly #queue: CommandQueue;
  #inFlight: AppendInFlight | undefined;
  #doubt: DoubtfulBatch | undefined;
  /** Durable, and waiting for the frames that show them to be sent first. */
  #answersDue: Executed[] = [];
  /** Commands left to run one by one, because the log refused them as one batch. */
  #singlesLeft = 0;
  #wantsToCreate = false;

  constructor(
    modules: PipelineModules,
    document: DocumentName,
    options: DocumentHostOptions,
    onOutcome: (inFlight: AppendInFlight, outcome: AppendOutcome) => void,
  ) {
    this.#modules = modules;
    this.#document = document;
    this.#options = options;
    this.#onOutcome = onOutcome;
    this.#queue = new CommandQueue(options.commandsPerDocumentMax);
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Somebody asked to create the document, since it came to this host. */
  get wantsToCreate(): boolean {
    return this.#wantsToCreate;
  }

  get inFlight(): AppendInFlight | undefined {
    return this.#inFlight;
  }

  get isIdle(): boolean {
    return this.queued === 0 && this.#inFlight === undefined && this.#doubt === undefined;
  }

  /** Throws `overloaded`; the answer rejects with a `ServiceError`. */
  submit(command: DocumentCommand, deadlineAt: number): Promise<CommandDone> {
    const pending = new PendingCommand(command, deadlineAt, this.#modules.commands);
    if (command.kind === "create") this.#wantsToCreate = true;
    try {
      this.#queue.push(pending);
    } catch (error) {
      pending.fail(error as ServiceError);
    }
    return pending.answer;
  }

  /** Moves up what the next batch runs. Outside of the guard: a cut in the middle of it would lose a command. */
  stage(): void {
    this.#queue.stage(this.#batchMax);
  }

  /** What the next batch runs. */
  get batch(): readonly PendingCommand[] {
    return this.#queue.staged.slice(0, this.#batchMax);
  }

  /** A batch was run in memory: starts its append, or makes its answers due if nothing was changed. */
  ran(copy: DocumentCopy, turn: DocumentTurn): void {
    this.#queue.consumed(turn.consumed);
    this.#singlesLeft = Math.max(0, this.#singlesLeft - turn.consumed);
    if (turn.patch === undefined) {
      this.#answersDue.push(...turn.executed);
      return;
    }
    const { patch, executed } = turn;
    if (patch.fromSeq !== copy.durableSeq) throw new Error("a patch does not continue the log");
    const wakeAt = copy.instance.wakeAt;
    const attempt = new LogAppendAttempt(
      this.#modules,
      this.#document,
      {
        epoch: copy.epoch,
        expectedSeq: patch.fromSeq,
        seq: patch.toSeq,
        data: patch.data,
        ...(wakeAt === undefined ? {} : { wakeAt: Math.max(0, Math.ceil(wakeAt)) }),
        ...(patch.deletes ? { deletes: true } : {}),
      },
      this.#options.logRetry,
    );
    const inFlight = new AppendInFlight(attempt, patch, executed, this.#modules.clock.monotonicMs());
    this.#inFlight = inFlight;
    this.#modules.metrics.batchCommands.observe(executed.length);
    void attempt.run().then((outcome) => this.#ended(inFlight, outcome));
  }

  /** The append is durable: its answers are due after the frames of the next turn. */
  committed(inFlight: AppendInFlight): void {
    this.#inFlight = undefined;
    this.#answersDue.push(...inFlight.executed);
  }

  flushAnswers(): void {
    const due = this.#answersDue;
    this.#answersDue = [];
    for (const executed of due) {
      if (executed.origin === "caller") executed.pending.settle(executed.outcome);
      const kind = executed.origin === "caller" ? executed.pending.command.kind : executed.origin;
      this.#modules.metrics.commands.add(1, { kind, status: executed.outcome.status });
      if (executed.outcome.status === "refused") countLimit(this.#modules.metrics, executed.outcome.error);
    }
  }

  /** The log refused the batch for good: a single command gets the error, several are tried one by one. */
  refused(inFlight: AppendInFlight, error: ServiceError): void {
    this.#inFlight = undefined;
    const callers = inFlight.callers();
    if (inFlight.executed.length === 1) for (const caller of callers) caller.fail(error);
    else this.#singlesLeft = callers.length;
    this.#queue.putBack(callers);
  }

  /**
   * The epoch is lost and will be taken again. Even where the log said at once that it refused, a link in between may have
   * repeated an attempt that did commit; opening tells, so until then the batch is in doubt.
   */
  lost(): void {
    const inFlight = this.#inFlight;
    this.#inFlight = undefined;
    const callers = inFlight?.callers() ?? [];
    if (inFlight !== undefined && callers.length > 0) this.#doubt = { callers, toSeq: inFlight.patch.toSeq };
  }

  /** The log was opened again, which settles what a doubtful batch has become. */
  reopened(opened: OpenedLog): void {
    if (this.#doubt === undefined) return;
    const doubt = this.#doubt;
    this.#doubt = undefined;
    this.#queue.putBack(settleDoubt(doubt, opened));
  }

  /** Ends everything: what surely did not happen gets `error`, the rest may only be told that nobody knows. */
  close(error: () => ServiceError, isCertain: boolean): void {
    this.flushAnswers();
    const unsure = [...(this.#doubt?.callers ?? [])];
    const callers = this.#inFlight?.callers() ?? [];
    this.#inFlight?.attempt.abandon();
    this.#inFlight = undefined;
    this.#doubt = undefined;
    if (!isCertain) unsure.push(...callers);
    else for (const caller of callers) caller.fail(error());
    for (const caller of repeatableOnly(unsure, refusals.unknownOutcome)) caller.fail(error());
    this.failQueued(error);
  }

  /** None of these was run. */
  failQueued(error: () => ServiceError): void {
    this.#queue.failAll(error);
  }

  remove(pending: PendingCommand, error: ServiceError): void {
    this.#queue.remove(pending, error);
  }

  /** @param now monotonic ms */
  expire(now: number): void {
    if (this.isIdle) return;
    this.#queue.expire(now, refusals.late);
    const unsure = [...(this.#inFlight?.callers() ?? []), ...(this.#doubt?.callers ?? [])];
    for (const caller of unsure) if (caller.deadlineAt <= now) caller.fail(refusals.unknownOutcome());
  }

  /** The log has been silent for too long: callers of the batch are told so, the append goes on. */
  giveUpOnBatch(): void {
    if (this.#inFlight === undefined) return;
    this.#inFlight.isGivenUp = true;
    for (const caller of this.#inFlight.callers()) caller.fail(refusals.unknownOutcome());
  }

  get #batchMax(): number {
    return this.#singlesLeft > 0 ? 1 : this.#options.batchMaxCommands;
  }

  #ended(inFlight: AppendInFlight, outcome: AppendOutcome): void {
    const { metrics, clock } = this.#modules;
    metrics.appends.add(1, { outcome: outcome.kind });
    metrics.appendSeconds.observe((clock.monotonicMs() - inFlight.startedAt) / 1_000);
    if (inFlight.attempt.attempts > 1) metrics.appendRetries.add(inFlight.attempt.attempts - 1);
    if (this.#inFlight === inFlight) this.#onOutcome(inFlight, outcome);
  }
}
