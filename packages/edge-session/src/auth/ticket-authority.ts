import { type Clock, type Principal, ServiceError } from "@tidewire/foundation";
import { errors, jwtVerify, SignJWT } from "jose";
import { type Authentication, type Authenticator, TOKEN_MAX_LENGTH } from "./authenticator.ts";

const PREFIX = "ticket:";
const AUDIENCE = "tidewire-edge";

/**
 * Short-lived tickets: what a draining edge hands out so that its clients get into another edge without asking their
 * identity provider, all at the same time, for a token. Every edge of a fleet signs with the same secret.
 */
export class TicketAuthority implements Authenticator {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;

  constructor(secret: string, clock: Clock) {
    this.#secret = new TextEncoder().encode(`tidewire ticket ${secret}`);
    this.#clock = clock;
  }

  /** A ticket never outlives the token its session came with, nor does the session it opens. */
  async issue(authentication: Authentication, validForMs: number): Promise<string> {
    const { principal, expiresAt } = authentication;
    const nowMs = this.#clock.wallMs();
    const ticketExpiresAt = Math.min(nowMs + validForMs, expiresAt ?? Number.POSITIVE_INFINITY);
    const jwt = await new SignJWT({ authority: principal.authority, ...(expiresAt === undefined ? {} : { expiresAt }) })
      .setProtectedHeader({ alg: "HS256", typ: "tidewire-ticket" })
      .setSubject(principal.agent)
      .setAudience(AUDIENCE)
      .setIssuedAt(Math.floor(nowMs / 1_000))
      .setExpirationTime(Math.ceil(ticketExpiresAt / 1_000))
      .sign(this.#secret);
    return PREFIX + jwt;
  }

  isTicket(token: string | undefined): boolean {
    return token?.startsWith(PREFIX) === true;
  }

  async authenticate(token: string | undefined): Promise<Authentication> {
    if (token === undefined || token.length > TOKEN_MAX_LENGTH || !this.isTicket(token)) {
      throw new ServiceError("unauthenticated", "this is no ticket");
    }
    try {
      const { payload } = await jwtVerify(token.slice(PREFIX.length), this.#secret, {
        algorithms: ["HS256"],
        typ: "tidewire-ticket",
        audience: AUDIENCE,
        currentDate: new Date(this.#clock.wallMs()),
      });
      const expiresAt = payload["expiresAt"];
      return {
        principal: { agent: payload.sub, authority: payload["authority"] } as Principal,
        ...(typeof expiresAt === "number" ? { expiresAt } : {}),
      };
    } catch (error) {
      throw error instanceof errors.JWTExpired
        ? new ServiceError("token_expired", "the ticket has expired")
        : new ServiceError("unauthenticated", "the ticket is not valid here", { cause: error });
    }
  }
}

/** Tickets in place of tokens, wherever a token may stand. */
export class TicketOrTokenAuthenticator implements Authenticator {
  readonly #tickets: TicketAuthority;
  readonly #tokens: Authenticator;

  constructor(tickets: TicketAuthority, tokens: Authenticator) {
    this.#tickets = tickets;
    this.#tokens = tokens;
  }

  authenticate(token: string | undefined): Promise<Authentication> {
    return (this.#tickets.isTicket(token) ? this.#tickets : this.#tokens).authenticate(token);
  }
}
