import type { Counter, ErrorCode, MetricsSink } from "@tidewire/foundation";

/** Which end of a connection. */
export type LinkSide = "dialling" | "listening";

/** What can fail. */
export type Failing = "call" | "stream";

/**
 * What failed on one side and is not published yet. Plain numbers by code: a connection with too much to do refuses
 * thousands, and adding to a labelled metric costs more than such a refusal.
 */
export class FailureTally {
  readonly #counts = { call: new Map<ErrorCode, number>(), stream: new Map<ErrorCode, number>() };

  /** One ended with that error. A stream that its opener cancelled did not fail. */
  count(what: Failing, code: ErrorCode): void {
    const counts = this.#counts[what];
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }

  /** Hands everything over and begins anew. */
  drain(failed: (what: Failing, code: ErrorCode, count: number) => void): void {
    for (const what of ["call", "stream"] as const) {
      for (const [code, count] of this.#counts[what]) failed(what, code, count);
      this.#counts[what].clear();
    }
  }
}

/**
 * Calls and streams of a transport that failed, by the code of their error: `tidewire_link_failures_total`, of the same
 * name for every transport. Both sides count what they see: the listening side what it answered, the dialling side also
 * what got no answer.
 */
export class LinkFailures {
  readonly dialling = new FailureTally();
  readonly listening = new FailureTally();
  readonly #failures: Counter;

  constructor(sink: MetricsSink) {
    this.#failures = sink.counter(
      "tidewire_link_failures_total",
      "Calls and streams on connections that ended with an error, by its code",
      ["side", "what", "code"],
    );
  }

  /** Adds what was counted since the last time. */
  publish(): void {
    for (const side of ["dialling", "listening"] as const) {
      this[side].drain((what, code, count) => this.#failures.add(count, { side, what, code }));
    }
  }
}
