import type { CommandOutcome, DocumentCommand } from "@tidewire/document";
import { ServiceError } from "@tidewire/foundation";

/** What a caller gets for a command that took effect. */
export interface CommandDone {
  readonly seq: number;
  /** JSON text. */
  readonly value?: string;
}

/** Counts what waits on the whole host, so that many documents together stay within one bound. */
export class CommandAllowance {
  readonly #max: number;
  #used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** Throws `overloaded`. */
  take(): void {
    if (this.#used >= this.#max) {
      throw new ServiceError("overloaded", "too many commands are waiting on this host", {
        details: { queued: this.#used },
      });
    }
    this.#used++;
  }

  giveBack(): void {
    this.#used--;
  }
}

/** A caller's command on its way through a document: answered exactly once, whatever happens to the document. */
export class PendingCommand {
  readonly command: DocumentCommand;
  /** Monotonic ms after which the caller has given up. */
  readonly deadlineAt: number;
  readonly answer: Promise<CommandDone>;
  readonly #allowance: CommandAllowance;
  #isSettled = false;
  #resolve!: (done: CommandDone) => void;
  #reject!: (error: ServiceError) => void;

  /** Throws `overloaded` if the host has too many already. */
  constructor(command: DocumentCommand, deadlineAt: number, allowance: CommandAllowance) {
    allowance.take();
    this.command = command;
    this.deadlineAt = deadlineAt;
    this.#allowance = allowance;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether a second run would find the first one's outcome instead of doing it again. */
  get isRepeatable(): boolean {
    return "marker" in this.command && this.command.marker !== undefined;
  }

  settle(outcome: CommandOutcome): void {
    if (outcome.status === "refused") {
      this.fail(outcome.error);
      return;
    }
    if (!this.#close()) return;
    this.#resolve({ seq: outcome.seq, ...(outcome.value === undefined ? {} : { value: outcome.value }) });
  }

  fail(error: ServiceError): void {
    if (this.#close()) this.#reject(error);
  }

  #close(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#allowance.giveBack();
    return true;
  }
}
