import type { Principal } from "@tidewire/protocol-client";
import type { TidewireError } from "./tidewire-error.ts";

/**
 * - `connecting`: not connected yet, since the client was made.
 * - `live`: connected and authenticated, and the server was heard lately.
 * - `stale`: connected, but silent for one and a half heartbeats. What is shown may be old.
 * - `reconnecting`: the connection was lost; the next one is being opened or waited for.
 * - `offline`: not connected, and the platform says there is no network. Attempts go on when there is one.
 * - `closed`: for good, by `close` or because the server said to stop. `reason` says which.
 */
export type ConnectionStatus = "connecting" | "live" | "stale" | "reconnecting" | "offline" | "closed";

export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** Why it is not live; absent where nothing went wrong. */
  readonly reason?: TidewireError;
  /** Wall clock, ms: when the next attempt starts. */
  readonly retryAt?: number;
  /** How the server is reached, while it is. */
  readonly transport?: string;
  /** Who the server says this is, while connected. */
  readonly principal?: Principal;
}
