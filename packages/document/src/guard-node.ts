import { type Context, createContext, Script } from "node:vm";

/** Document code ran longer than it may. What it was working on is half done: drop that document and load it again. */
export class RunawayError extends Error {
  override readonly name = "RunawayError";
  readonly budgetMs: number;

  constructor(budgetMs: number) {
    super(`document code was stopped after ${budgetMs} ms`);
    this.budgetMs = budgetMs;
  }
}

export interface VmGuardOptions {
  /** Whole ms of wall time that one call may take. Generous: what is cut may only have waited for the processor. */
  readonly budgetMs: number;
}

/**
 * Stops code that does not return, by the timeout of `node:vm`: also loops with `catch` and `finally`, and endless regular
 * expressions. Arming costs 45 to 105 us because it starts a thread: `StandingGuard` does the same for 1 us where a process
 * can give it SIGINT. A stop unwinds without running `finally` blocks; only drop and reload is safe after it.
 */
export class VmGuard {
  readonly #script = new Script("call()");
  readonly #context: Context = createContext({ call: undefined });
  readonly #budgetMs: number;

  constructor({ budgetMs }: VmGuardOptions) {
    if (!Number.isSafeInteger(budgetMs) || budgetMs < 1) throw new RangeError("budgetMs is a whole number from 1 on");
    this.#budgetMs = budgetMs;
  }

  /** Throws `RunawayError` when `work` takes longer than the budget, and whatever `work` throws. */
  run<Result>(work: () => Result): Result {
    let result: Result | undefined;
    this.#context["call"] = () => {
      result = work();
    };
    try {
      this.#script.runInContext(this.#context, { timeout: this.#budgetMs });
    } catch (thrown) {
      throw isTimeout(thrown) ? new RunawayError(this.#budgetMs) : thrown;
    } finally {
      this.#context["call"] = undefined;
    }
    return result as Result;
  }
}

/** One guarded call; keep a `VmGuard` where there are many. */
export function runGuarded<Result>(work: () => Result, budgetMs: number): Result {
  return new VmGuard({ budgetMs }).run(work);
}

function isTimeout(thrown: unknown): boolean {
  return (thrown as { code?: unknown } | null | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
