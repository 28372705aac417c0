import { reconnectsAfter } from "@tidewire/protocol-client";
import { TidewireError } from "../tidewire-error.ts";
import type { TransportClose } from "../transport/transport.ts";

/** Why a session ended. */
export interface SessionEnd {
  readonly error: TidewireError;
  /** The server says that coming back is of no use. */
  readonly isTerminal: boolean;
  /** When it advises to come back. */
  readonly retryAfterMs: number | undefined;
}

export function lostError(message: string, closeCode?: number): TidewireError {
  const details = closeCode === undefined ? {} : { details: { closeCode } };
  return new TidewireError("unavailable", message, details);
}

export function sessionEndOf(close: TransportClose): SessionEnd {
  if (close.error !== undefined) {
    return { error: close.error, isTerminal: !close.error.retryable, retryAfterMs: close.error.retryAfterMs };
  }
  const { code, reason } = close;
  const isTerminal = !reconnectsAfter(code);
  const message = `the connection was closed with ${code}${reason === "" ? "" : `: ${reason}`}`;
  const error = isTerminal
    ? new TidewireError("invalid_argument", message, { details: { closeCode: code } })
    : lostError(message, code);
  return { error, isTerminal, retryAfterMs: undefined };
}
