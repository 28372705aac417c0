import { Backoff, type Clock, type Random, type Timer } from "@tidewire/foundation";
import type { Drain } from "@tidewire/protocol-client";
import type { ConnectionState, ConnectionStatus } from "../connection-state.ts";
import type { NetworkMonitor } from "../network-monitor.ts";
import { Session, type SessionOptions } from "../session/session.ts";
import { lostError, type SessionEnd } from "../session/session-end.ts";
import type { SessionSource } from "../session/session-source.ts";
import { TidewireError } from "../tidewire-error.ts";
import type { TransportChoice } from "../transport/transport-choice.ts";
import { TokenRenewal } from "./token-renewal.ts";
import type { TokenSource } from "./token-source.ts";

export interface ConnectorEvents {
  /** A session took over: what is under way on an older one moves here, and the older one is closed soon after. */
  onSession(session: Session): void;
  onState(state: ConnectionState): void;
}

export interface ConnectorOptions extends SessionOptions {
  /** Of the server, http or https, without a trailing slash. */
  readonly base: string;
  /** How long the session before is kept for its last answers after another one took over. */
  readonly handoverMs: number;
}

export interface ConnectorModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenSource;
  readonly transports: TransportChoice;
  readonly network: NetworkMonitor;
}

/**
 * Sees to it that there is a session: opens one, opens the next when it is lost (with backoff, or when the server
 * advised) or about to go away (before it does), and stops when the server says that there is no use.
 */
export class Connector implements SessionSource {
  readonly #modules: ConnectorModules;
  readonly #events: ConnectorEvents;
  readonly #options: ConnectorOptions;
  readonly #backoff: Backoff;
  readonly #stopListening: () => void;
  #state: ConnectionState = { status: "connecting" };
  #isStarted = false;
  #hasBeenLive = false;
  #session: Session | undefined;
  /** A session is being opened, with or without an older one still there. */
  #isAttempting = false;
  #candidate: Session | undefined;
  #tokenTimer: Timer | undefined;
  #renewal: TokenRenewal | undefined;
  #isSilent = false;
  #reason: TidewireError | undefined;
  /** Grows with every attempt, so that what an abandoned one was waiting for is recognised. */
  #attempt = 0;
  #retry: { readonly at: number; readonly timer: Timer; readonly ticket: string | undefined } | undefined;
  #provenTimer: Timer | undefined;

  constructor(modules: ConnectorModules, events: ConnectorEvents, options: ConnectorOptions) {
    this.#modules = modules;
    this.#events = events;
    this.#options = options;
    this.#backoff = new Backoff(modules.random);
    this.#stopListening = modules.network.onChange(() => this.#networkChanged());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The session to use now; open, though it may be silent. */
  get session(): Session | undefined {
    return this.#session;
  }

  get isClosed(): boolean {
    return this.#state.status === "closed";
  }

  get closeError(): TidewireError | undefined {
    return this.isClosed ? (this.#reason ?? closedByUser) : undefined;
  }

  /** Begins to connect, once. */
  start(): void {
    if (this.#isStarted || this.isClosed) return;
    this.#isStarted = true;
    this.#connect(undefined);
  }

  /** For good. `reason` is absent when the user asked for it. */
  close(reason?: TidewireError): void {
    if (this.isClosed) return;
    this.#stopListening();
    this.#cancelRetry();
    for (const timer of [this.#provenTimer, this.#tokenTimer]) timer?.cancel();
    this.#renewal?.stop();
    this.#attempt++;
    this.#reason = reason;
    const open = [this.#session, this.#candidate];
    this.#session = undefined;
    this.#candidate = undefined;
    this.#publish("closed");
    for (const session of open) session?.close();
  }

  /** Gets a new token and shows it to the server. Rejects when that does not work. */
  async renewToken(): Promise<void> {
    if (this.#renewal === undefined) throw lostError("not connected");
    return this.#renewal.renew();
  }

  #connect(ticket: string | undefined): void {
    const attempt = ++this.#attempt;
    this.#isAttempting = true;
    this.#cancelRetry();
    this.#update();
    // A ticket stands in for the token, wherever that came from.
    if (ticket !== undefined && ticket !== "") return this.#open(ticket, true);
    const isCurrent = (): boolean => attempt === this.#attempt && this.#isAttempting;
    const failed = (error: TidewireError): void => {
      this.#attemptFailed({ error, isTerminal: !error.retryable, retryAfterMs: error.retryAfterMs }, false);
    };
    this.#tokenTimer = this.#modules.clock.after(this.#options.requestTimeoutMs, () => {
      if (isCurrent()) failed(lostError("the token provider did not answer in time"));
    });
    void this.#openWithToken(isCurrent, failed);
  }

  async #openWithToken(isCurrent: () => boolean, failed: (error: TidewireError) => void): Promise<void> {
    let token: string | undefined;
    let failure: TidewireError | undefined;
    try {
      token = await this.#modules.tokens.get();
    } catch (error) {
      failure = TidewireError.from(error);
    }
    if (!isCurrent()) return;
    this.#tokenTimer?.cancel();
    if (failure === undefined) this.#open(token, false);
    else failed(failure);
  }

  #open(token: string | undefined, isTicket: boolean): void {
    const { clock, random, transports } = this.#modules;
    const modules = { clock, random, transport: transports.next() };
    const session = new Session(
      modules,
      { base: this.#options.base, token },
      {
        onTransportOpen: () => transports.opened(session.transport),
        onOpen: () => this.#opened(session, isTicket ? undefined : token),
        onSilence: (_, isSilent) => this.#silence(session, isSilent),
        onDrain: (_, drain) => this.#drain(session, drain),
        onClose: (_, end) => this.#closed(session, end, isTicket),
      },
      this.#options,
    );
    this.#candidate = session;
    session.start();
  }

  #opened(session: Session, token: string | undefined): void {
    const { clock } = this.#modules;
    const before = this.#session;
    this.#isAttempting = false;
    this.#candidate = undefined;
    this.#session = session;
    this.#isSilent = false;
    this.#hasBeenLive = true;
    this.#reason = undefined;
    this.#renewal?.stop();
    this.#renewal = new TokenRenewal(this.#modules, session, token);
    // A server that accepts and drops at once must not be asked again at once: it has to last a heartbeat first.
    this.#provenTimer?.cancel();
    this.#provenTimer = clock.after(session.welcome.heartbeatMs, () => this.#backoff.reset());
    this.#update();
    this.#events.onSession(session);
    before?.retire(this.#options.handoverMs);
  }

  #silence(session: Session, isSilent: boolean): void {
    if (session !== this.#session) return;
    this.#isSilent = isSilent;
    this.#reason = isSilent ? lostError("the server has not been heard for a while") : undefined;
    this.#update();
  }

  #drain(session: Session, drain: Drain): void {
    if (session !== this.#session || this.#isAttempting) return;
    const delayMs = typeof drain.reconnectAfterMs === "number" ? Math.max(0, drain.reconnectAfterMs) : 0;
    this.#retryAfter(delayMs, drain.ticket);
  }

  #closed(session: Session, end: SessionEnd, isTicket: boolean): void {
    this.#modules.transports.failed(session.transport);
    if (session === this.#candidate) {
      this.#candidate = undefined;
      this.#attemptFailed(end, isTicket);
    } else if (session === this.#session) {
      this.#lost(end);
    }
  }

  #attemptFailed(end: SessionEnd, isTicket: boolean): void {
    this.#isAttempting = false;
    // A ticket or a token that ran out on the way is worth another try, if there is something else to show.
    const isStale = isTicket || (end.error.code === "token_expired" && this.#modules.tokens.isRenewable);
    if (end.isTerminal && !isStale && this.#session === undefined) return this.close(end.error);
    if (this.#session === undefined) this.#reason = end.error;
    this.#retryAfter(this.#delayMs(end), undefined);
  }

  #lost(end: SessionEnd): void {
    this.#session = undefined;
    this.#provenTimer?.cancel();
    this.#renewal?.stop();
    this.#renewal = undefined;
    if (end.isTerminal) return this.close(end.error);
    this.#reason = end.error;
    // Already on its way elsewhere, or told when to be.
    if (!this.#isAttempting && this.#retry === undefined) this.#retryAfter(this.#delayMs(end), undefined);
    else this.#update();
  }

  /** The server's advice wins over the schedule. */
  #delayMs(end: SessionEnd): number {
    const scheduledMs = this.#backoff.nextDelayMs();
    return end.retryAfterMs ?? scheduledMs;
  }

  #retryAfter(delayMs: number, ticket: string | undefined): void {
    this.#cancelRetry();
    const { clock } = this.#modules;
    const timer = clock.after(delayMs, () => this.#connect(ticket));
    this.#retry = { at: clock.wallMs() + delayMs, timer, ticket };
    this.#update();
  }

  #cancelRetry(): void {
    this.#retry?.timer.cancel();
    this.#retry = undefined;
  }

  #networkChanged(): void {
    const isWaiting = this.#isStarted && this.#session === undefined && this.#retry !== undefined;
    if (isWaiting && this.#modules.network.isOnline()) this.#connect(this.#retry?.ticket);
    else this.#update();
  }

  #update(): void {
    if (!this.isClosed) this.#publish(this.#status());
  }

  #status(): ConnectionStatus {
    if (this.#session !== undefined) return this.#isSilent ? "stale" : "live";
    if (!this.#modules.network.isOnline()) return "offline";
    return this.#hasBeenLive ? "reconnecting" : "connecting";
  }

  #publish(status: ConnectionStatus): void {
    const session = this.#session;
    const state: ConnectionState = {
      status,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#retry === undefined || session !== undefined ? {} : { retryAt: this.#retry.at }),
      ...(session === undefined ? {} : { transport: session.transport.name, principal: session.welcome.principal }),
    };
    if (isSameState(state, this.#state)) return;
    this.#state = state;
    this.#events.onState(state);
  }
}

const closedByUser = new TidewireError("unavailable", "the client was closed", { retryable: false });

function isSameState(a: ConnectionState, b: ConnectionState): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.retryAt === b.retryAt &&
    a.transport === b.transport &&
    a.principal === b.principal
  );
}
