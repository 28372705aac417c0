import { type Principal, ServiceError } from "@tidewire/foundation";
import type { EdgeMetrics } from "../metrics.ts";

/** What the registry needs of a session. */
export interface RegisteredSession {
  readonly transportName: string;
  readonly address: string;
  /** Tells the client to come back elsewhere; resolves when it was told. */
  drain(reconnectAfterMs: number, ticketValidMs: number): Promise<void>;
  closeForDraining(): void;
}

export interface SessionCounts {
  readonly sessionsMax: number;
  readonly sessionsPerAddressMax: number;
  readonly sessionsPerPrincipalMax: number;
}

/** All sessions of this process, counted by address and by principal. */
export class SessionRegistry {
  readonly #sessions = new Set<RegisteredSession>();
  readonly #byAddress = new Map<string, number>();
  readonly #byPrincipal = new Map<string, number>();
  readonly #metrics: EdgeMetrics;
  readonly #limits: SessionCounts;

  constructor(metrics: EdgeMetrics, limits: SessionCounts) {
    this.#metrics = metrics;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** A copy, in order of arrival. */
  all(): RegisteredSession[] {
    return [...this.#sessions];
  }

  /** Throws `overloaded` or `limit_exceeded` if there is no place for another session from that address. */
  checkRoom(address: string): void {
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      throw new ServiceError("overloaded", "this edge holds as many sessions as it may");
    }
    if ((this.#byAddress.get(address) ?? 0) >= this.#limits.sessionsPerAddressMax) {
      throw new ServiceError("limit_exceeded", "too many sessions from this address", {
        details: { limit: "sessionsPerAddressMax" },
      });
    }
  }

  add(session: RegisteredSession): void {
    this.#sessions.add(session);
    count(this.#byAddress, session.address, 1);
    this.#metrics.sessions.add(1, { transport: session.transportName });
  }

  remove(session: RegisteredSession): void {
    if (!this.#sessions.delete(session)) return;
    count(this.#byAddress, session.address, -1);
    this.#metrics.sessions.add(-1, { transport: session.transportName });
  }

  /** Throws `limit_exceeded` if there is no place for another session of that principal. */
  checkPrincipal(principal: Principal): void {
    if ((this.#byPrincipal.get(principalName(principal)) ?? 0) >= this.#limits.sessionsPerPrincipalMax) {
      throw new ServiceError("limit_exceeded", "too many sessions of this principal", {
        details: { limit: "sessionsPerPrincipalMax" },
      });
    }
  }

  /** Throws `limit_exceeded`. */
  claimPrincipal(principal: Principal): void {
    this.checkPrincipal(principal);
    count(this.#byPrincipal, principalName(principal), 1);
  }

  releasePrincipal(principal: Principal): void {
    count(this.#byPrincipal, principalName(principal), -1);
  }
}

/** JSON keeps the two parts apart whatever characters they contain. */
function principalName(principal: Principal): string {
  return JSON.stringify([principal.agent, principal.authority]);
}

function count(counts: Map<string, number>, name: string, change: number): void {
  const total = (counts.get(name) ?? 0) + change;
  if (total > 0) counts.set(name, total);
  else counts.delete(name);
}
