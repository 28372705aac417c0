import { ServiceError } from "@tidewire/foundation";
import { CommandFailure } from "../command-failure.ts";
import { watchOutput } from "../output-loss.ts";

/** Where a command says what it does: lines for people, or one JSON object a line for programs. */
export interface Output {
  readonly isJson: boolean;
  /** `facts` is what programs get; `text` what people get. */
  say(facts: object, text: string): void;
}

export function outputOf(flags: { readonly json?: boolean }): Output {
  const isJson = flags.json === true;
  return {
    isJson,
    say: (facts, text) => process.stdout.write(`${isJson ? JSON.stringify(facts) : text}\n`),
  };
}

/** Runs a command; whatever it cannot do ends in one line on stderr and an exit code. */
export async function runCommand(
  name: string,
  run: () => Promise<void>,
  does: "prints" | "changes" = "prints",
): Promise<void> {
  watchOutput(name, does);
  // Timers of the link do not hold a process; a command waits for its answer all the same.
  const held = setInterval(() => {}, 60_000);
  try {
    await run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const code = error instanceof ServiceError ? ` (${error.code})` : "";
    process.stderr.write(`tidewire ${name}: ${text}${code}\n`);
    process.exitCode = error instanceof CommandFailure ? error.exitCode : 1;
  } finally {
    clearInterval(held);
  }
}
