import { Backoff, type Clock, type Random, type Timer } from "@tidewire/foundation";
import type { Session } from "../session/session.ts";
import { TidewireError } from "../tidewire-error.ts";
import type { TokenSource } from "./token-source.ts";

/**
 * Keeps the token of one session ahead of its expiry. A renewal that fails is tried again with backoff; when none works
 * in time the server ends the session, and the next one starts with a fresh token or is refused.
 */
export class TokenRenewal {
  readonly #clock: Clock;
  readonly #tokens: TokenSource;
  readonly #session: Session;
  readonly #backoff: Backoff;
  #timer: Timer | undefined;
  #underWay: Promise<void> | undefined;
  #isStopped = false;

  constructor(
    modules: { readonly clock: Clock; readonly random: Random; readonly tokens: TokenSource },
    session: Session,
    token: string | undefined,
  ) {
    this.#clock = modules.clock;
    this.#tokens = modules.tokens;
    this.#session = session;
    this.#backoff = new Backoff(modules.random);
    this.#schedule(token);
  }

  /** Renews at once. Rejects if that fails. */
  renew(): Promise<void> {
    this.#underWay ??= this.#renew().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(token: string | undefined): void {
    const delayMs = this.#tokens.renewalDelayMs(token);
    if (delayMs !== undefined) this.#arm(delayMs);
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(delayMs, () => {
      this.renew().catch(() => this.#arm(this.#backoff.nextDelayMs()));
    });
  }

  async #renew(): Promise<void> {
    if (!this.#tokens.isRenewable) throw new TidewireError("unauthenticated", "there is no token provider to ask");
    const token = (await this.#tokens.get()) ?? "";
    await new Promise<void>((resolve, reject) => {
      this.#session.renew(token, {
        onResult: () => resolve(),
        onError: reject,
        onLost: () => reject(new TidewireError("unavailable", "the connection was lost")),
      });
    });
    this.#backoff.reset();
    this.#schedule(token);
  }
}
