import { type BackoffOptions, defaultBackoff } from "@tidewire/foundation";
import { defaultRetryBudget, type RetryBudgetOptions } from "./retry-budget.ts";

export interface PeerLinkOptions {
  readonly backoff: BackoffOptions;
  readonly retryBudget: RetryBudgetOptions;
  /** Calls and streams that wait for a connection; one more is refused with `overloaded`. */
  readonly waitingMax: number;
  /** How often one call is sent at most, the first time included. */
  readonly attemptsMax: number;
  /** `up` messages kept for a stream that waits for a connection; one more is refused with `overloaded`. */
  readonly streamBacklogMax: number;
  /** A connection that lasted this long proves the peer well: the backoff starts over. */
  readonly stableMs: number;
}

export const defaultPeerLinkOptions: PeerLinkOptions = {
  backoff: defaultBackoff,
  retryBudget: defaultRetryBudget,
  waitingMax: 4_096,
  attemptsMax: 4,
  streamBacklogMax: 64,
  stableMs: 5_000,
};
