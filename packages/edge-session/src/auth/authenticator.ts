import type { Principal } from "@tidewire/foundation";

export interface Authentication {
  readonly principal: Principal;
  /** Wall clock, ms: when the token stops counting. Absent: never. */
  readonly expiresAt?: number;
}

/**
 * Turns a token into a principal. Throws `unauthenticated` for a token that proves nothing, `token_expired` for one that
 * did, `unavailable` when the keys to judge it cannot be had now. No token is a question too: some modes answer it.
 */
export interface Authenticator {
  authenticate(token: string | undefined): Promise<Authentication>;
}

/** Fresh names that nobody can guess, at most 64 of [A-Za-z0-9_-]; sessions, viewers and anonymous agents get them. */
export type IdSource = () => string;

/** Longer tokens are refused unread; the bound of client.xml. */
export const TOKEN_MAX_LENGTH = 16_384;

/** The token of an `Authorization: Bearer` header; `undefined` for none, an empty string for another scheme. */
export function bearerToken(header: string | undefined): string | undefined {
  if (header === undefined || header === "") return undefined;
  const match = /^Bearer +(\S+) *$/i.exec(header);
  return match?.[1] ?? "";
}
