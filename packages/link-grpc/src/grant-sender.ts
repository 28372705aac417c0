import type { Clock, Timer } from "@tidewire/foundation";
import { PendingGrants } from "@tidewire/link/session";

/** So long a grant that is not urgent waits for a message to travel with, as on the binary link. */
const GRANT_WAIT_MS = 5;

/** What one stream is granted, however often. */
export interface StreamGrant {
  readonly stream: number;
  readonly messages: number;
}

/** Grants of credit on their way out: they leave at the end of the turn, or with the next message if there is time. */
export class GrantSender {
  readonly #clock: Clock;
  readonly #send: (grants: readonly StreamGrant[]) => void;
  readonly #grants = new PendingGrants();
  #timer: Timer | undefined;
  #isDue = false;
  #round = 0;

  constructor(clock: Clock, send: (grants: readonly StreamGrant[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Counts the times that waiting grants were sent. */
  get round(): number {
    return this.#round;
  }

  add(stream: number, messages: number, openMark: number, isUrgent: boolean): void {
    this.#grants.add(stream, messages, openMark);
    if (isUrgent) {
      if (this.#isDue) return;
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        this.flush();
      });
    } else this.#timer ??= this.#clock.after(GRANT_WAIT_MS, this.#waited);
  }

  /** Sends what waits, if anything does. */
  flush(): void {
    if (this.#grants.isEmpty) return;
    this.#round++;
    this.#send(this.#grants.takeMerged());
  }

  clear(): void {
    this.#timer?.cancel();
    this.#grants.clear();
  }

  readonly #waited = (): void => {
    this.#timer = undefined;
    this.flush();
  };
}
