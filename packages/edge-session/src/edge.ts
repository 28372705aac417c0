import { type Clock, type Logger, type MetricsSink, type Random, ServiceError } from "@tidewire/foundation";
import { clientApi } from "@tidewire/protocol-client";
import { Admission, type AdmissionOptions, defaultAdmission } from "./admission/admission.ts";
import { type Authentication, type Authenticator, bearerToken, type IdSource } from "./auth/authenticator.ts";
import { TicketAuthority, TicketOrTokenAuthenticator } from "./auth/ticket-authority.ts";
import { DocumentCalls } from "./hosts/document-calls.ts";
import type { HostLinks } from "./hosts/host-links.ts";
import { OriginPolicy } from "./http/cross-origin.ts";
import { errorResponse } from "./http/error-response.ts";
import { HttpApi } from "./http/http-api.ts";
import type { HttpResponse } from "./http/http-message.ts";
import { defaultLimits, type EdgeLimits } from "./limits.ts";
import { edgeMetrics } from "./metrics.ts";
import type { DocumentDirectory } from "./routing/document-directory.ts";
import type { ClientTransport } from "./session/client-transport.ts";
import { Session, type SessionModules } from "./session/session.ts";
import { SessionRegistry } from "./session/session-registry.ts";

export interface EdgeModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly newId: IdSource;
  /** Judges tokens; tickets are the edge's own. */
  readonly authenticator: Authenticator;
  readonly directory: DocumentDirectory;
  readonly links: HostLinks;
}

export interface EdgeOptions {
  readonly limits: EdgeLimits;
  readonly admission: AdmissionOptions;
  /** Web origins that may connect; `*` allows all. */
  readonly origins: readonly string[];
  /** Shared by all edges of a fleet, so that each admits the tickets of the others. */
  readonly ticketSecret: string;
}

export const defaultEdgeOptions: Omit<EdgeOptions, "ticketSecret"> = {
  limits: defaultLimits,
  admission: defaultAdmission,
  origins: ["*"],
};

/** The request that asks for a socket. */
export interface UpgradeRequest {
  readonly address: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
}

export type UpgradeDecision =
  | {
      readonly kind: "accept";
      readonly address: string;
      /** What to answer in `Sec-WebSocket-Protocol`; nothing to a client that named none. */
      readonly subprotocol: string | undefined;
      readonly authentication: Authentication | undefined;
    }
  | { readonly kind: "refuse"; readonly response: HttpResponse };

export interface BegunUpgrade {
  readonly subprotocol: string | undefined;
  readonly decision: Promise<UpgradeDecision>;
}

export interface DrainOptions {
  /** How many clients are sent away in a second; they arrive elsewhere at that rate. */
  readonly clientsPerSecond: number;
  readonly spreadMaxMs: number;
  /** How long clients have to leave by themselves after their time has come. */
  readonly graceMs: number;
}

export const defaultDrain: DrainOptions = { clientsPerSecond: 1_000, spreadMaxMs: 10_000, graceMs: 5_000 };

/** A ticket is good for this long after its client was to come back. */
const TICKET_SLACK_MS = 60_000;
const DRAIN_LOOK_MS = 50;

/** One edge: everything that sockets and HTTP share, put together. */
export class Edge {
  readonly http: HttpApi;
  readonly limits: EdgeLimits;
  readonly admission: Admission;
  readonly #modules: SessionModules;
  readonly #origins: OriginPolicy;

  constructor(modules: EdgeModules, options: EdgeOptions) {
    const { clock, random, logger, newId, directory, links } = modules;
    const { limits } = options;
    const metrics = edgeMetrics(modules.metrics);
    const tickets = new TicketAuthority(options.ticketSecret, clock);
    this.limits = limits;
    this.admission = new Admission({ clock, random, metrics }, options.admission);
    this.#origins = new OriginPolicy(options.origins);
    this.#modules = {
      clock,
      random,
      logger,
      metrics,
      newId,
      directory,
      links,
      tickets,
      authenticator: new TicketOrTokenAuthenticator(tickets, modules.authenticator),
      admission: this.admission,
      registry: new SessionRegistry(metrics, limits),
      calls: new DocumentCalls({ directory, links, clock, random }, limits),
    };
    this.http = new HttpApi(this.#modules, this.#origins, limits);
  }

  get sessionCount(): number {
    return this.#modules.registry.size;
  }

  /** Whether a request for a socket gets one. Never rejects. */
  judgeUpgrade(request: UpgradeRequest): Promise<UpgradeDecision> {
    return this.beginUpgrade(request).decision;
  }

  /** As `judgeUpgrade`, for engines that cannot wait: all but the verdict on the token is known at once. */
  beginUpgrade(request: UpgradeRequest): BegunUpgrade {
    try {
      const subprotocol = chosenSubprotocol(request.header("sec-websocket-protocol"));
      return { subprotocol, decision: this.#judge(request, subprotocol) };
    } catch (error) {
      return { subprotocol: undefined, decision: Promise.resolve({ kind: "refuse", response: errorResponse(error) }) };
    }
  }

  async #judge(request: UpgradeRequest, subprotocol: string | undefined): Promise<UpgradeDecision> {
    try {
      if (!this.#origins.allows(request.header("origin"))) {
        throw new ServiceError("forbidden", "this origin is not allowed");
      }
      this.#modules.registry.checkRoom(request.address);
      this.admission.admit("session");
      const token = bearerToken(request.header("authorization"));
      if (token !== undefined) this.admission.admit("authentication");
      const authentication = token === undefined ? undefined : await this.#modules.authenticator.authenticate(token);
      if (authentication !== undefined) this.#modules.registry.checkPrincipal(authentication.principal);
      return { kind: "accept", address: request.address, subprotocol, authentication };
    } catch (error) {
      return { kind: "refuse", response: errorResponse(error) };
    }
  }

  /**
   * The session of a socket that was accepted and is open now. Never throws: where the token has run out since, or others
   * of its principal were faster, the socket is one that brought no token.
   */
  openSession(transport: ClientTransport, upgrade: Extract<UpgradeDecision, { kind: "accept" }>): Session {
    const { address, authentication } = upgrade;
    const options = {
      limits: this.limits,
      transportName: "websocket",
      address,
      sendsHeartbeats: true,
      idleMs: this.limits.idleMs,
    } as const;
    if (authentication === undefined) return new Session(this.#modules, transport, options);
    try {
      return new Session(this.#modules, transport, { ...options, authentication });
    } catch (error) {
      this.#modules.metrics.errors.add(1, { code: ServiceError.from(error).code });
      return new Session(this.#modules, transport, options);
    }
  }

  /** Sends every client elsewhere, evenly spread, and closes those that have not left by themselves. */
  async drain(options: DrainOptions = defaultDrain): Promise<void> {
    const { registry, clock } = this.#modules;
    this.admission.startDraining();
    const sessions = registry.all();
    const spreadMs = Math.min(options.spreadMaxMs, (sessions.length / options.clientsPerSecond) * 1_000);
    await Promise.all(
      sessions.map((session, index) => {
        const reconnectAfterMs = Math.round((index / sessions.length) * spreadMs);
        return session.drain(reconnectAfterMs, reconnectAfterMs + TICKET_SLACK_MS);
      }),
    );
    const deadlineAt = clock.monotonicMs() + spreadMs + options.graceMs;
    while (registry.size > 0 && clock.monotonicMs() < deadlineAt) {
      await new Promise<void>((resolve) => void clock.after(DRAIN_LOOK_MS, resolve));
    }
    for (const session of registry.all()) session.closeForDraining();
  }
}

/** Throws `unsupported` if the client names subprotocols and none of them is ours. */
function chosenSubprotocol(offered: string | undefined): string | undefined {
  if (offered === undefined || offered.trim() === "") return undefined;
  const names = offered.split(",").map((name) => name.trim());
  if (names.includes(clientApi.subprotocol)) return clientApi.subprotocol;
  throw new ServiceError("unsupported", `this edge speaks ${clientApi.subprotocol}`);
}
