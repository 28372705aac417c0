import type { Transport } from "./transport.ts";

/** So many failures of the preferred transport, before it ever opened, bring the fallback into play. */
const FAILURES_BEFORE_FALLBACK = 2;

/**
 * Which transport the next attempt uses. The preferred one (the socket) until it has failed twice without ever having
 * opened; then the fallback while that works. When both fail, the server is more likely away than the socket blocked, so
 * they take turns. Once the socket has opened, the fallback is never needed again.
 */
export class TransportChoice {
  readonly #preferred: Transport;
  readonly #fallback: Transport | undefined;
  #preferredEverOpened = false;
  #failures = 0;
  #fallbackFailed = false;

  constructor(preferred: Transport, fallback: Transport | undefined) {
    this.#preferred = preferred;
    this.#fallback = fallback;
  }

  next(): Transport {
    if (this.#fallback === undefined || this.#preferredEverOpened) return this.#preferred;
    if (this.#failures < FAILURES_BEFORE_FALLBACK || this.#fallbackFailed) return this.#preferred;
    return this.#fallback;
  }

  opened(transport: Transport): void {
    if (transport === this.#preferred) this.#preferredEverOpened = true;
    else this.#fallbackFailed = false;
  }

  /** The attempt, or the connection it led to, came to nothing. */
  failed(transport: Transport): void {
    this.#fallbackFailed = transport !== this.#preferred;
    if (transport === this.#preferred) this.#failures++;
  }
}
