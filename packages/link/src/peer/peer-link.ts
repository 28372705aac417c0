import { Backoff, type Clock, type Logger, ServiceError, type Timer } from "@tidewire/foundation";
import type { StreamMethod, UnaryMethod } from "@tidewire/wire";
import type { ClientStream, ClientStreamHandlers, LinkConnection, LinkPeer, LinkTransport } from "../link.ts";
import { LinkError } from "../link-error.ts";
import { PeerCall } from "./peer-call.ts";
import { type PeerLinkMetrics, peerLinkMetrics } from "./peer-link-metrics.ts";
import { defaultPeerLinkOptions, type PeerLinkOptions } from "./peer-link-options.ts";
import type {
  ManagedLink,
  PeerCallOptions,
  PeerLinkModules,
  PeerLinkState,
  PeerOpenOptions,
} from "./peer-link-types.ts";
import { PeerStream } from "./peer-stream.ts";
import { RetryBudget } from "./retry-budget.ts";
import { type Waiter, WaitingRoom } from "./waiting-room.ts";

/**
 * The link to one address, over as many connections as it takes. It dials when there is something to send (or always,
 * after `connect`), waits between failed attempts as the backoff says, and goes at once where a connection ended in
 * order, because then the peer is merely being replaced.
 */
export class PeerLink implements ManagedLink {
  readonly address: string;
  readonly #transport: LinkTransport;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: PeerLinkMetrics;
  readonly #options: PeerLinkOptions;
  readonly #backoff: Backoff;
  readonly #budget: RetryBudget;
  readonly #room: WaitingRoom;
  readonly #stateListeners = new Set<(state: PeerLinkState) => void>();
  /** Connections that take nothing new and still have calls or streams on them. */
  readonly #leaving = new Set<LinkConnection>();
  #state: PeerLinkState = "idle";
  #connection: LinkConnection | undefined;
  #peer: LinkPeer | undefined;
  #lastError: ServiceError | undefined;
  #isEager = false;
  /** An orderly end may be followed by one attempt at once; another only after a stable connection. */
  #mayHurry = true;
  #openedAt = 0;
  #dialNotBefore = 0;
  #dialTimer: Timer | undefined;
  #usedAt: number;

  constructor(address: string, modules: PeerLinkModules, options: Partial<PeerLinkOptions> = {}) {
    this.address = address;
    this.#transport = modules.transport;
    this.#clock = modules.clock;
    this.#logger = modules.logger;
    this.#metrics = peerLinkMetrics(modules.metrics);
    this.#options = { ...defaultPeerLinkOptions, ...options };
    this.#backoff = new Backoff(modules.random, this.#options.backoff);
    this.#budget = new RetryBudget(modules.clock, this.#options.retryBudget);
    this.#room = new WaitingRoom(modules.clock);
    this.#usedAt = modules.clock.monotonicMs();
    this.#metrics.links.add(1, { state: this.#state });
  }

  get state(): PeerLinkState {
    return this.#state;
  }

  get peer(): LinkPeer | undefined {
    return this.#peer;
  }

  get lastError(): ServiceError | undefined {
    return this.#lastError;
  }

  /** Calls and streams that have not ended, waiting ones included. */
  get inFlight(): number {
    let count = this.#room.size + (this.#connection?.inFlight ?? 0);
    for (const connection of this.#leaving) count += connection.inFlight;
    return count;
  }

  /** Monotonic milliseconds when something was last called or opened. */
  get usedAt(): number {
    return this.#usedAt;
  }

  connect(): void {
    this.#isEager = true;
    this.#wake();
  }

  onState(listener: (state: PeerLinkState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => void this.#stateListeners.delete(listener);
  }

  call<Request, Response>(
    method: UnaryMethod<Request, Response>,
    request: Request,
    options: PeerCallOptions = {},
  ): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      const now = this.#clock.monotonicMs();
      const deadlineMs = options.deadlineMs ?? method.deadlineMs;
      const times = {
        waitUntil: now + Math.min(deadlineMs, options.waitMs ?? deadlineMs),
        callDeadlineAt: now + deadlineMs,
        now: () => this.#clock.monotonicMs(),
      };
      const call = new PeerCall(method, request, times, {
        resolve: resolve,
        reject,
        retry: (failed, error) => this.#retry(failed, error),
        waitedTooLong: (waiter) => this.#waitedTooLong(waiter),
      });
      this.#place(call);
    });
  }

  open<Open, Up, Down>(
    method: StreamMethod<Open, Up, Down>,
    request: Open,
    handlers: ClientStreamHandlers<Down>,
    options: PeerOpenOptions = {},
  ): ClientStream<Up> {
    const credit = options.credit ?? method.credit;
    const connection = this.#usable();
    if (connection !== undefined) return connection.open(method, request, handlers, { credit });
    const waitMs = Math.min(method.deadlineMs, options.waitMs ?? method.deadlineMs);
    const stream = new PeerStream(
      { cancelled: (waiter) => this.#leave(waiter), waitedTooLong: (waiter) => this.#waitedTooLong(waiter) },
      method,
      request,
      handlers,
      { credit, waitUntil: this.#clock.monotonicMs() + waitMs, backlogMax: this.#options.streamBacklogMax },
    );
    this.#place(stream);
    return stream;
  }

  async close(graceMs = 0): Promise<void> {
    if (this.#state !== "closed") {
      this.#dialTimer?.cancel();
      this.#setState("closed");
      this.#metrics.links.add(-1, { state: "closed" });
      for (const waiter of this.#takeWaiters()) waiter.fail(this.#noConnection());
    }
    const connections = [...this.#leaving];
    if (this.#connection !== undefined) connections.push(this.#connection);
    await Promise.all(connections.map((connection) => connection.close(graceMs)));
  }

  // Calls and streams.

  #usable(): LinkConnection | undefined {
    this.#usedAt = this.#clock.monotonicMs();
    return this.#connection?.isOpen === true ? this.#connection : undefined;
  }

  #place(waiter: Waiter): void {
    const connection = this.#usable();
    if (connection !== undefined) {
      waiter.start(connection);
      return;
    }
    const refusal = this.#refusal(waiter);
    if (refusal !== undefined) {
      // As on a connection, the end of a stream comes after `open` has returned.
      queueMicrotask(() => waiter.fail(refusal));
      return;
    }
    this.#room.add(waiter);
    this.#metrics.waiting.add(1);
    this.#wake();
  }

  #refusal(waiter: Waiter): ServiceError | undefined {
    if (this.#room.size >= this.#options.waitingMax) {
      this.#metrics.refusals.add(1, { reason: "full" });
      return new LinkError("overloaded", "too many calls wait for a connection", false);
    }
    if (this.#state === "closed" || waiter.deadlineAt <= this.#clock.monotonicMs()) {
      this.#metrics.refusals.add(1, { reason: "no_connection" });
      // It will be wanted again: the next one may find it open.
      this.#wake();
      return this.#noConnection();
    }
    return undefined;
  }

  #retry(call: PeerCall, error: LinkError): void {
    const isLate = call.callDeadlineAt <= this.#clock.monotonicMs();
    if (isLate || call.attempts >= this.#options.attemptsMax || this.#state === "closed") {
      call.fail(error);
    } else if (!this.#budget.take()) {
      this.#metrics.retries.add(1, { result: "budget_empty" });
      call.fail(error);
    } else {
      this.#metrics.retries.add(1, { result: "sent" });
      this.#place(call);
    }
  }

  #waitedTooLong(waiter: Waiter): void {
    this.#leave(waiter);
    this.#metrics.refusals.add(1, { reason: "no_connection" });
    waiter.fail(this.#noConnection());
  }

  #leave(waiter: Waiter): void {
    if (this.#room.remove(waiter)) this.#metrics.waiting.add(-1);
  }

  #takeWaiters(): Waiter[] {
    const waiters = this.#room.drain();
    this.#metrics.waiting.add(-waiters.length);
    return waiters;
  }

  #noConnection(): LinkError {
    const cause = this.#lastError;
    const why = cause === undefined ? "" : `: ${cause.message}`;
    return new LinkError("unavailable", `no connection to ${this.address}${why}`, false, { cause });
  }

  // The connection.

  /** Dials if that is wanted and nothing is on its way: now, or when the backoff allows. */
  #wake(): void {
    if (this.#state !== "idle" || !(this.#isEager || this.#room.size > 0)) return;
    const delayMs = this.#dialNotBefore - this.#clock.monotonicMs();
    if (delayMs <= 0) {
      this.#dial();
      return;
    }
    this.#setState("waiting");
    this.#dialTimer = this.#clock.after(delayMs, () => this.#dial());
  }

  #dial(): void {
    this.#setState("connecting");
    this.#transport.dial(this.address).then(
      (connection) => this.#dialled(connection),
      (thrown: unknown) => this.#dialFailed(ServiceError.from(thrown)),
    );
  }

  #dialled(connection: LinkConnection): void {
    this.#metrics.dials.add(1, { result: "open" });
    if (this.#state === "closed") {
      void connection.close();
      return;
    }
    this.#connection = connection;
    this.#peer = connection.peer;
    this.#lastError = undefined;
    this.#openedAt = this.#clock.monotonicMs();
    this.#setState("open");
    connection.onGoAway(() => this.#released(connection, undefined));
    connection.onClose((error) => this.#closed(connection, error));
    const waiters = this.#takeWaiters();
    for (const waiter of waiters) this.#place(waiter);
  }

  #dialFailed(error: ServiceError): void {
    this.#metrics.dials.add(1, { result: error.code });
    if (this.#state === "closed") return;
    this.#lastError = error;
    const delayMs = this.#backoff.nextDelayMs();
    this.#dialNotBefore = this.#clock.monotonicMs() + delayMs;
    this.#logger.warn({ address: this.address, code: error.code, delayMs, error }, "the peer cannot be reached");
    this.#setState("idle");
    this.#wake();
  }

  #closed(connection: LinkConnection, error: ServiceError | undefined): void {
    this.#metrics.losses.add(1, { how: error === undefined ? "in_order" : "broken" });
    this.#released(connection, error);
    this.#leaving.delete(connection);
  }

  /** Nothing new goes to this connection. What is on it ends on it. */
  #released(connection: LinkConnection, error: ServiceError | undefined): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#leaving.add(connection);
    if (this.#state === "closed") return;
    const now = this.#clock.monotonicMs();
    if (now - this.#openedAt >= this.#options.stableMs) {
      this.#backoff.reset();
      this.#mayHurry = true;
    }
    if (error === undefined && this.#mayHurry) {
      this.#mayHurry = false;
      this.#dialNotBefore = now;
    } else this.#dialNotBefore = now + this.#backoff.nextDelayMs();
    if (error !== undefined) {
      this.#lastError = error;
      this.#logger.warn({ address: this.address, peer: connection.peer.nodeId, error }, "the link broke");
    }
    this.#setState("idle");
    this.#wake();
  }

  #setState(state: PeerLinkState): void {
    if (state === this.#state) return;
    this.#metrics.links.add(-1, { state: this.#state });
    this.#metrics.links.add(1, { state });
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }
}
