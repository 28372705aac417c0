import type { DocumentName, Principal, Random } from "@tidewire/foundation";

/** `250` is milliseconds; with a unit: `"30s"`, `"5m"`, `"12h"`, `"7d"`, `"100ms"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

/** What a handler may use beside the document. Valid while the handler runs. */
export interface DocumentContext {
  /** Who acts. In a timer: who set it. */
  readonly principal: Principal;
  /** Wall clock of this transaction, whole ms: fits `t.timestamp()`. */
  readonly now: number;
  readonly name: DocumentName;
  /** Seeded and kept with the document, and rolled back with it. Not for secrets. */
  readonly random: Random;
  /** Refuses the message: everything is rolled back and the sender gets `rejected` with this code and data. */
  reject(code: string, data?: unknown): never;
  /** Sets a durable timer that calls `timers[name]` once. Returns its id. */
  after(delay: Duration, name: string, arg?: unknown): number;
  /** Whether the timer was still waiting. */
  cancel(timer: number): boolean;
}

/** Who is connected now. In memory only: it changes without a commit, and handlers must not decide by it. */
export interface DocumentPresence {
  /** Distinct agents, sorted. */
  readonly agents: readonly string[];
  readonly principals: readonly Principal[];
  has(principal: Principal): boolean;
}
