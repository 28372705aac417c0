import type { ServiceError } from "@tidewire/foundation";

export type LogOperation =
  | "open"
  | "append"
  | "snapshot"
  | "read"
  | "readAt"
  | "heads"
  | "spaces"
  | "documents"
  | "list"
  | "due"
  | "install"
  | "release";

/** An operation that waits until the test lets it go on. */
export interface HeldOperation {
  /** Resolves when an operation has arrived and waits. */
  readonly reached: Promise<void>;
  release(): void;
}

interface PlannedFault {
  readonly before: () => Promise<void>;
  readonly after: () => void;
}

/**
 * Faults for the tests of those who use a log: what is planned strikes the next operation of its kind, in the order of
 * planning, once each.
 */
export class LogFaultPlan {
  readonly #planned = new Map<LogOperation, PlannedFault[]>();

  /** The next such operation is refused; nothing is written. */
  failNext(operation: LogOperation, error: ServiceError): void {
    this.#plan(operation, { before: () => Promise.reject(error), after: () => {} });
  }

  /** The next such operation takes effect, but its caller gets the error: the answer was lost. */
  loseNextAnswer(operation: LogOperation, error: ServiceError): void {
    this.#plan(operation, {
      before: () => Promise.resolve(),
      after: () => {
        throw error;
      },
    });
  }

  /** The next such operation takes effect only after `release`. */
  holdNext(operation: LogOperation): HeldOperation {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrive = (): void => {};
    const reached = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const before = (): Promise<void> => {
      arrive();
      return released;
    };
    this.#plan(operation, { before, after: () => {} });
    return { reached, release };
  }

  /** For engines: runs `effect` under the fault that is planned for it, if any. */
  async run<Result>(operation: LogOperation, effect: () => Result): Promise<Result> {
    const fault = this.#planned.get(operation)?.shift();
    await fault?.before();
    const result = effect();
    fault?.after();
    return result;
  }

  #plan(operation: LogOperation, fault: PlannedFault): void {
    const planned = this.#planned.get(operation);
    if (planned === undefined) this.#planned.set(operation, [fault]);
    else planned.push(fault);
  }
}
