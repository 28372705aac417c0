import { type Context, createContext, Script } from "node:vm";
import { Worker } from "node:worker_threads";
import { RunawayError, VmGuard, type VmGuardOptions } from "./guard-node.ts";
import { type GuardWatchData, guardPhase as phase, guardWords as word } from "./guard-words.ts";

export interface StandingGuardOptions extends VmGuardOptions {
  /** The thread is gone, or its signal did not come. Calls are guarded by `VmGuard` from then on, at a thread for each. */
  readonly onLost?: (cause: unknown) => void;
}

const pollsMax = 8;
const pollMaxMs = 100;
/**
 * What a call waits, at the end of its work, for the signal that is on its way to it: within a process that takes some 0.1
 * ms, so after 1 s it will not come. Counted in waits, so that a frozen process has not waited.
 */
const cutWaitMs = 10;
const cutWaitsMax = 100;
/** What came of a call that was not cut. */
type Outcome = { readonly value: unknown } | { readonly thrown: unknown };
type SignalListener = (...args: unknown[]) => void;

/**
 * Stops code that does not return, as `VmGuard` does, for 1 us a call instead of 50 to 100: a thread that is always there
 * looks at a counter, and cuts a call that is the same for too long by the signal that `breakOnSigint` of `node:vm` is for.
 * That option starts a thread of Node's for each call, unless one is waiting already; so our thread is inside of such a
 * call all the time (ADR 0014).
 *
 * SIGINT belongs to the guard from then on: listeners of `process` that were there before are called as they were, but a
 * call under way when it comes from outside is cut. One that is added later ends the watching, and calls are guarded by
 * `VmGuard` again; so are calls within calls, and all of them where there is no such signal.
 */
export class StandingGuard {
  readonly #timed: VmGuard;
  readonly #budgetMs: number;
  readonly #onLost: (cause: unknown) => void;
  readonly #words: Int32Array;
  readonly #script = new Script("call()");
  readonly #context: Context;
  #worker: Worker | undefined;
  #listeners: SignalListener[] = [];
  #work: (() => unknown) | undefined;
  #outcome: Outcome | undefined;
  readonly #onListener = (event: string | symbol): void => {
    if (event === "SIGINT") setImmediate(() => void this.close());
  };

  private constructor({ budgetMs, onLost }: StandingGuardOptions) {
    this.#timed = new VmGuard({ budgetMs });
    this.#budgetMs = budgetMs;
    this.#onLost = onLost ?? ((): void => {});
    this.#words = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * word.count));
    this.#words[word.phase] = phase.away;
    this.#context = createContext({ call: () => this.#call() });
  }

  /** @param script the bundled `guard-watch`. Resolves when the thread watches. */
  static async open(script: URL, options: StandingGuardOptions): Promise<StandingGuard> {
    const guard = new StandingGuard(options);
    if (process.platform !== "win32") await guard.#watch(script);
    return guard;
  }

  /** Throws `RunawayError` when `work` takes longer than the budget, and whatever `work` throws. */
  run<Result>(work: () => Result): Result {
    const words = this.#words;
    // Before the phase, or the thread would take this call for the one before.
    Atomics.add(words, word.turn, 1);
    if (Atomics.compareExchange(words, word.phase, phase.idle, phase.running) !== phase.idle) {
      return this.#timed.run(work);
    }
    this.#work = work;
    this.#outcome = undefined;
    try {
      this.#script.runInContext(this.#context, { breakOnSigint: true });
    } catch {
      this.#interrupted();
    } finally {
      this.#work = undefined;
    }
    const outcome = this.#takeOutcome();
    if (outcome === undefined) throw new RunawayError(this.#budgetMs);
    if ("thrown" in outcome) throw outcome.thrown;
    return outcome.value as Result;
  }

  /** Gives SIGINT back. Calls go on to be guarded, each by a thread of its own. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    process.off("newListener", this.#onListener);
    Atomics.store(this.#words, word.phase, phase.closed);
    await worker.terminate();
    // Also those that were added since: the signal itself was not theirs until now.
    const listeners = [...this.#listeners, ...(process.listeners("SIGINT") as SignalListener[])];
    this.#listeners = [];
    process.removeAllListeners("SIGINT");
    for (const listener of listeners) process.on("SIGINT", listener);
  }

  /** What comes out of the script otherwise is the cut. A cut runs no `finally`, so what follows the work is reached once. */
  #call(): void {
    let outcome: Outcome;
    try {
      outcome = { value: this.#work!() };
    } catch (thrown) {
      outcome = { thrown };
    }
    this.#outcome = outcome;
    // The signal is on its way and must find this call: the next one is somebody else's.
    for (let waits = 0; this.#end(phase.running) === phase.cutting; waits++) {
      if (waits === cutWaitsMax) return this.#missSignal();
      Atomics.wait(this.#words, word.sleep, 0, cutWaitMs);
    }
  }

  /** The call counts as cut. Who took the signal may keep it, so nobody is to rely on it any more. */
  #missSignal(): void {
    this.#outcome = undefined;
    this.#lost(new Error("the signal that cuts off a call did not come"));
  }

  /** If the phase of this call is `from`, it is over. Returns what the phase was. */
  #end(from: number): number {
    return Atomics.compareExchange(this.#words, word.phase, from, phase.idle);
  }

  #takeOutcome(): Outcome | undefined {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    return outcome;
  }

  #interrupted(): void {
    // Otherwise it came from outside, maybe after the end of the work.
    if (this.#end(phase.running) !== phase.running && this.#end(phase.cutting) === phase.cutting) {
      this.#outcome = undefined;
    } else this.#tellListeners();
  }

  #tellListeners(): void {
    setImmediate(() => {
      for (const listener of this.#listeners) listener("SIGINT");
      if (this.#listeners.length === 0) process.kill(process.pid, "SIGTERM");
    });
  }

  async #watch(script: URL): Promise<void> {
    this.#listeners = process.listeners("SIGINT") as SignalListener[];
    // Before the thread has the signal: the last one to go takes it with it.
    process.removeAllListeners("SIGINT");
    const pollMs = Math.max(1, Math.min(pollMaxMs, Math.ceil(this.#budgetMs / pollsMax)));
    const workerData: GuardWatchData = { words: this.#words, pollMs, pollsMax: Math.ceil(this.#budgetMs / pollMs) };
    const worker = new Worker(script, { workerData });
    this.#worker = worker;
    await new Promise<void>((resolve) => {
      worker.on("message", (message) => {
        if (message === "held") resolve();
        else this.#tellListeners();
      });
      worker.on("error", (error) => this.#lost(error));
      worker.on("exit", (code) => {
        this.#lost(new Error(`the guard's thread ended with ${code}`));
        resolve();
      });
    });
    // Only now: a listener holds the process again.
    worker.unref();
    process.on("newListener", this.#onListener);
  }

  /** What the owner does about it is not a part of the call under way. */
  #lost(cause: unknown): void {
    if (this.#worker === undefined) return;
    void this.close();
    setImmediate(() => this.#onLost(cause));
  }
}
