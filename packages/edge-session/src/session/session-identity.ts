import { type Clock, type Principal, ServiceError, samePrincipal, type Timer } from "@tidewire/foundation";
import type { Authentication } from "../auth/authenticator.ts";
import type { SessionRegistry } from "./session-registry.ts";

/**
 * Who a session acts for. Fixed by the first token; later ones may only prolong it. An identity that a transport merely
 * assumed (an anonymous poll session) gives way to the first token, as long as nothing was done under it.
 */
export class SessionIdentity {
  readonly #clock: Clock;
  readonly #registry: SessionRegistry;
  readonly #onExpiry: () => void;
  #authentication: Authentication | undefined;
  #isAssumed = false;
  #isClosed = false;
  #expiryTimer: Timer | undefined;

  constructor(modules: { readonly clock: Clock; readonly registry: SessionRegistry }, onExpiry: () => void) {
    this.#clock = modules.clock;
    this.#registry = modules.registry;
    this.#onExpiry = onExpiry;
  }

  get authentication(): Authentication | undefined {
    return this.#authentication;
  }

  /** Whether the first token may still choose the principal. */
  get isOpen(): boolean {
    return this.#authentication === undefined || this.#isAssumed;
  }

  /** The principal to act for; from here on it cannot change. */
  use(): Principal | undefined {
    this.#isAssumed = false;
    return this.#authentication?.principal;
  }

  assume(authentication: Authentication): void {
    this.accept(authentication);
    this.#isAssumed = true;
  }

  /** Throws `forbidden` for another principal than before, `token_expired`, or `limit_exceeded`. */
  accept(authentication: Authentication): void {
    const { principal, expiresAt } = authentication;
    if (this.#isClosed) throw new ServiceError("unavailable", "the session is closed");
    if (!this.isOpen && !samePrincipal(principal, this.#authentication!.principal)) {
      throw new ServiceError("forbidden", "a session keeps its principal");
    }
    if (expiresAt !== undefined && expiresAt <= this.#clock.wallMs()) {
      throw new ServiceError("token_expired", "the token has expired");
    }
    if (this.isOpen) {
      this.#registry.claimPrincipal(principal);
      this.#release();
    }
    this.#authentication = authentication;
    this.#isAssumed = false;
    this.#armExpiry(expiresAt);
  }

  close(): void {
    this.#isClosed = true;
    this.#expiryTimer?.cancel();
    this.#release();
    this.#authentication = undefined;
  }

  #release(): void {
    if (this.#authentication !== undefined) this.#registry.releasePrincipal(this.#authentication.principal);
  }

  #armExpiry(expiresAt: number | undefined): void {
    this.#expiryTimer?.cancel();
    this.#expiryTimer = undefined;
    if (expiresAt === undefined) return;
    this.#expiryTimer = this.#clock.after(expiresAt - this.#clock.wallMs(), () => {
      // The wall clock may have been set back meanwhile.
      if (expiresAt > this.#clock.wallMs()) this.#armExpiry(expiresAt);
      else this.#onExpiry();
    });
  }
}
