import type { Clock } from "@tidewire/foundation";
import { TidewireError } from "../tidewire-error.ts";

export type TokenOption = string | (() => string | Promise<string>) | undefined;

/** Renew when this share of what is left has passed, so that there is time for more than one try. */
const RENEW_AT = 0.8;
const RENEW_MIN_MS = 5_000;

/** Where tokens come from, and what can be told from one. */
export class TokenSource {
  readonly #token: TokenOption;
  readonly #clock: Clock;

  constructor(token: TokenOption, clock: Clock) {
    this.#token = token;
    this.#clock = clock;
  }

  get isRenewable(): boolean {
    return typeof this.#token === "function";
  }

  /**
   * A token for a new connection or a renewal. A provider is asked each time; it may remember. Rejects as `unavailable`,
   * which is retried, when the provider fails, unless that rejects with a `TidewireError` of its own.
   */
  async get(): Promise<string | undefined> {
    if (typeof this.#token !== "function") return this.#token;
    let token: unknown;
    try {
      token = await this.#token();
    } catch (error) {
      throw error instanceof TidewireError
        ? error
        : new TidewireError("unavailable", "the token provider failed", { cause: error });
    }
    if (typeof token !== "string") throw new TidewireError("invalid_argument", "the token provider gave no token");
    return token;
  }

  /** How long until `token` should be renewed; `undefined` if it cannot be, or nobody knows when it expires. */
  renewalDelayMs(token: string | undefined): number | undefined {
    if (!this.isRenewable || token === undefined) return undefined;
    const expiresAtSeconds = jwtExpiry(token);
    if (expiresAtSeconds === undefined) return undefined;
    return Math.max(RENEW_MIN_MS, (expiresAtSeconds * 1_000 - this.#clock.wallMs()) * RENEW_AT);
  }
}

/** The `exp` of a JWT, in seconds since 1970. Nothing is verified: the server does that. */
export function jwtExpiry(token: string): number | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(parts[1]!.replaceAll("-", "+").replaceAll("_", "/")));
    const expiry = typeof claims === "object" && claims !== null ? (claims as { exp?: unknown }).exp : undefined;
    return typeof expiry === "number" && Number.isFinite(expiry) ? expiry : undefined;
  } catch {
    return undefined;
  }
}
