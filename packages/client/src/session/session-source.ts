import type { TidewireError } from "../tidewire-error.ts";
import type { Session } from "./session.ts";

/** Where streams and calls find the session to use. */
export interface SessionSource {
  /** Open, though it may be silent; `undefined` while there is none. */
  readonly session: Session | undefined;
  /** Set once there will never be one again. */
  readonly closeError: TidewireError | undefined;
  /** Sees to it that there will be one. */
  start(): void;
  /** Rejects retryably when there is no session, and for good when there is nobody to ask for a new token. */
  renewToken(): Promise<void>;
}
