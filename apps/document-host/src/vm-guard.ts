import { createContext, Script } from "node:vm";
import type { WorkGuard } from "@tidewire/document-host-engine";

/**
 * Cuts off document code that runs too long, loops without end and slow regular expressions included. V8 stops it where it
 * stands, without running its `catch` and `finally`, so what it was changing must not be used any more. Arming the
 * time-out starts a thread: 44 us (research/runtime.md section 7), which is why many documents share one run.
 */
export class VmGuard implements WorkGuard {
  readonly #timeoutMs: number;
  readonly #script = new Script("work()");
  readonly #sandbox: { work: () => unknown } = { work: () => undefined };
  readonly #context = createContext(this.#sandbox);

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  run<T>(work: () => T): T {
    this.#sandbox.work = work;
    return this.#script.runInContext(this.#context, { timeout: this.#timeoutMs }) as T;
  }
}
