import type { Clock, Logger } from "@tidewire/foundation";

/**
 * What document code runs inside: may cut it off by throwing at any point, once it has run too long. The default is a
 * plain call.
 */
export interface WorkGuard {
  run<T>(work: () => T): T;
}

export const plainGuard: WorkGuard = { run: (work) => work() };

/** How long document code may go on before the turn ends. */
export class TurnBudget {
  readonly #clock: Clock;
  readonly #endsAt: number;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#endsAt = clock.monotonicMs() + sliceMs;
  }

  get isSpent(): boolean {
    return this.#clock.monotonicMs() >= this.#endsAt;
  }
}

/** A document with something to do. */
export interface TurnWorker {
  /** Before the turn, outside the guard. */
  prepare(): void;
  /** Inside the guard: runs document code and keeps what came of it, but tells nobody yet. */
  work(budget: TurnBudget): void;
  /** After the turn, outside the guard: answers, sends, appends. */
  finish(): void;
  /** Instead of `finish`: the turn threw in the middle of `work`, so nothing of this document in memory can be trusted. */
  cut(error: unknown): void;
}

/**
 * Runs the documents that have something to do, many of them under one guard (arming it costs 1 us, and 100 us where it
 * has to start a thread: ADR 0014), and never so long at once that the process is deaf.
 */
export class TurnScheduler {
  readonly #guard: WorkGuard;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #sliceMs: number;
  readonly #ready = new Set<TurnWorker>();
  readonly #afterReads: ((run: () => void) => void) | undefined;
  #isScheduled = false;

  /**
   * @param modules.afterReads calls back when every socket that has something was read, `setImmediate` in Node: a turn then
   * takes in the requests of all edges and the answers of the log at once. Without it a turn follows each read.
   */
  constructor(
    modules: {
      readonly guard: WorkGuard;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly afterReads?: ((run: () => void) => void) | undefined;
    },
    options: { readonly sliceMs: number },
  ) {
    this.#guard = modules.guard;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#afterReads = modules.afterReads;
    this.#sliceMs = options.sliceMs;
  }

  /** Gives this document a turn, after what runs now; what arrives in one read of a socket at least is one batch this way. */
  markReady(worker: TurnWorker): void {
    this.#ready.add(worker);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    (this.#afterReads ?? queueMicrotask)(() => this.#run());
  }

  #run(): void {
    const budget = new TurnBudget(this.#clock, this.#sliceMs);
    while (this.#ready.size > 0 && !budget.isSpent) this.#round();
    this.#isScheduled = false;
    if (this.#ready.size === 0) return;
    this.#isScheduled = true;
    // Lets the sockets have their turn; a timer would also let a millisecond pass.
    if (this.#afterReads === undefined) this.#clock.after(0, () => this.#run());
    else this.#afterReads(() => this.#run());
  }

  /** One guarded pass over everybody who is ready, ended early when the slice is spent. */
  #round(): void {
    const workers = [...this.#ready];
    for (const worker of workers) worker.prepare();
    const budget = new TurnBudget(this.#clock, this.#sliceMs);
    // Written before each step, so that it names the guilty one after a cut.
    let position = 0;
    let isCut = false;
    let cause: unknown;
    try {
      this.#guard.run(() => {
        do workers[position]!.work(budget);
        while (++position < workers.length && !budget.isSpent);
      });
    } catch (error) {
      isCut = true;
      cause = error;
    }
    const done = workers.slice(0, position);
    for (const worker of done) this.#ready.delete(worker);
    const guilty = isCut ? workers[position] : undefined;
    if (guilty !== undefined) this.#ready.delete(guilty);
    for (const worker of done) this.#safely(worker, () => worker.finish());
    if (guilty !== undefined) this.#safely(guilty, () => guilty.cut(cause));
  }

  /** One document's fault stays its own. */
  #safely(worker: TurnWorker, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#logger.error({ err: error }, "a document's turn failed; its copy is dropped");
      worker.cut(error);
    }
  }
}
