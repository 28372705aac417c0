import type { Clock, Timer } from "@tidewire/foundation";
import type { StreamAck } from "@tidewire/protocol-client";

/** The longest an applied frame goes unacknowledged. */
const ACK_INTERVAL_MS = 1_000;

/**
 * Tells the server how far the streams were applied, so that it never has more than its window under way to a slow
 * client. The first frame is acknowledged at once, which is how a client asks for this flow control; later ones when half
 * the window came, or after a second.
 */
export class Acknowledgements {
  readonly #clock: Clock;
  readonly #send: (acks: readonly StreamAck[]) => void;
  readonly #thresholdBytes: number;
  readonly #applied = new Map<number, number>();
  #bytes = 0;
  #hasOptedIn = false;
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (acks: readonly StreamAck[]) => void, windowBytes: number) {
    this.#clock = clock;
    this.#send = send;
    this.#thresholdBytes = windowBytes / 2;
  }

  /** A frame of `bytes` led stream `id` to `seq`. */
  applied(id: number, seq: number, bytes: number): void {
    this.#applied.set(id, seq);
    this.#bytes += bytes;
    if (!this.#hasOptedIn || this.#bytes >= this.#thresholdBytes) this.#flush();
    else this.#timer ??= this.#clock.after(ACK_INTERVAL_MS, () => this.#flush());
  }

  /** The stream is over; the server has already forgotten what it sent there. */
  forget(id: number): void {
    this.#applied.delete(id);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #flush(): void {
    this.stop();
    this.#bytes = 0;
    if (this.#applied.size === 0) return;
    this.#hasOptedIn = true;
    const acks = [...this.#applied];
    this.#applied.clear();
    this.#send(acks);
  }
}
