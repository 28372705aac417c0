import { type Clock, ServiceError } from "@tidewire/foundation";
import { createRemoteJWKSet, errors, importJWK, importSPKI, type JWTVerifyGetKey, jwtVerify } from "jose";
import { type Authentication, type Authenticator, TOKEN_MAX_LENGTH } from "./authenticator.ts";

/** Where the keys come from: exactly one of the three. */
export type JwtKeySource =
  | { readonly kind: "jwks"; readonly url: string }
  /** SPKI in PEM, or a JWK as JSON text. */
  | { readonly kind: "publicKey"; readonly key: string; readonly algorithm: string }
  | { readonly kind: "secret"; readonly secret: string };

export interface JwtOptions {
  /** Accepted `iss`; empty accepts any issuer the key vouches for. */
  readonly issuers: readonly string[];
  /** Accepted `aud`; empty does not look. */
  readonly audiences: readonly string[];
  /** How far the issuer's clock may be off. */
  readonly clockToleranceMs: number;
}

const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** Bound of the host's definition for either part of a principal. */
const NAME_MAX_LENGTH = 512;

export interface JwtKeys {
  readonly resolve: JWTVerifyGetKey;
  /** Fixed by the kind of key, never by the token: a public key must not be taken for an HMAC secret. */
  readonly algorithms: readonly string[];
}

export async function jwtKeys(source: JwtKeySource): Promise<JwtKeys> {
  switch (source.kind) {
    case "jwks":
      return { resolve: createRemoteJWKSet(new URL(source.url)), algorithms: ASYMMETRIC };
    case "publicKey": {
      const text = source.key.trim();
      const key = text.startsWith("{")
        ? await importJWK(JSON.parse(text), source.algorithm)
        : await importSPKI(text, source.algorithm);
      return { resolve: () => Promise.resolve(key), algorithms: [source.algorithm] };
    }
    case "secret": {
      const key = new TextEncoder().encode(source.secret);
      return { resolve: () => Promise.resolve(key), algorithms: ["HS256"] };
    }
  }
}

/** JSON Web Tokens: `sub` is the agent, `iss` the authority. */
export class JwtAuthenticator implements Authenticator {
  readonly #keys: JwtKeys;
  readonly #clock: Clock;
  readonly #options: JwtOptions;

  constructor(keys: JwtKeys, clock: Clock, options: JwtOptions) {
    this.#keys = keys;
    this.#clock = clock;
    this.#options = options;
  }

  async authenticate(token: string | undefined): Promise<Authentication> {
    if (token === undefined || token === "") throw new ServiceError("unauthenticated", "a token is needed");
    if (token.length > TOKEN_MAX_LENGTH) throw new ServiceError("unauthenticated", "the token is too long");
    const { issuers, audiences, clockToleranceMs } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys.resolve, {
        algorithms: [...this.#keys.algorithms],
        currentDate: new Date(this.#clock.wallMs()),
        clockTolerance: clockToleranceMs / 1_000,
        requiredClaims: ["sub", "iss"],
        ...(issuers.length === 0 ? {} : { issuer: [...issuers] }),
        ...(audiences.length === 0 ? {} : { audience: [...audiences] }),
      });
      return {
        principal: { agent: nameClaim(payload.sub), authority: nameClaim(payload.iss) },
        ...(payload.exp === undefined ? {} : { expiresAt: payload.exp * 1_000 + clockToleranceMs }),
      };
    } catch (error) {
      throw verificationError(error);
    }
  }
}

function nameClaim(claim: unknown): string {
  if (typeof claim === "string" && claim.length > 0 && claim.length <= NAME_MAX_LENGTH) return claim;
  throw new ServiceError("unauthenticated", `sub and iss must be 1 to ${NAME_MAX_LENGTH} characters`);
}

function verificationError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof errors.JWTExpired) return new ServiceError("token_expired", "the token has expired");
  const isAboutToken =
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    // The fetcher of key sets reports a failed request with the base class itself.
    error.code !== "ERR_JOSE_GENERIC";
  return isAboutToken
    ? new ServiceError("unauthenticated", "the token is not valid here", { cause: error })
    : new ServiceError("unavailable", "the keys that check tokens cannot be had now", { cause: error });
}
