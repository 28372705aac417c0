import { constants } from "node:os";
import { CommandFailure } from "./command-failure.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** For commands that must not be left half done: the first signal asks for an orderly end, the next one ends them. */
export class Interruption {
  #signal: (typeof SIGNALS)[number] | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#signal = signal as (typeof SIGNALS)[number];
    // From here on it is the one that Node has: the process ends at once.
    this.stop();
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Throws a `CommandFailure` with the exit code a shell gives to that signal. */
  throwIfAsked(): void {
    if (this.#signal === undefined) return;
    throw new CommandFailure(
      `broken off by ${this.#signal}: what was copied stays; the same command goes on from there`,
      128 + constants.signals[this.#signal],
    );
  }

  stop(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }
}
