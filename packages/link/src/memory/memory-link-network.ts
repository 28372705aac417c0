import { type Clock, type Logger, noLogger, ServiceError } from "@tidewire/foundation";
import type { LinkConnection, LinkListener, LinkPeer, LinkTransport, ServedMethods } from "../link.ts";
import { LinkError } from "../link-error.ts";
import { DiallingSession } from "../session/dialling-session.ts";
import { ServingSession } from "../session/serving-session.ts";
import { defaultSessionLimits } from "../session/session-limits.ts";
import { transportOf } from "../session/transport-of.ts";
import type { MemoryLimits } from "./memory-carrier.ts";
import { MemoryConnection } from "./memory-connection.ts";

export interface MemoryLinkOptions extends MemoryLimits {
  /** One way, asked for every frame; may draw from a seeded `Random`. Order within a connection is kept. */
  readonly latencyMs: (from: string, to: string) => number;
  /** A connection that is cut this long breaks on both sides: two heartbeat intervals of the binary link. */
  readonly deadAfterMs: number;
  readonly dialTimeoutMs: number;
  /** Calls and streams open at once on one connection. */
  readonly inFlightMax: number;
}

export const defaultMemoryLinkOptions: MemoryLinkOptions = {
  latencyMs: () => 0,
  congestedBytes: 1024 * 1024,
  outboundMaxBytes: 4 * 1024 * 1024,
  outboundLargeMaxBytes: 32 * 1024 * 1024,
  outboundHardMaxBytes: 128 * 1024 * 1024,
  deadAfterMs: 10_000,
  dialTimeoutMs: 3_000,
  inFlightMax: defaultSessionLimits.inFlightMax,
};

export interface MemoryLinkModules {
  readonly clock: Clock;
  readonly logger?: Logger;
}

/**
 * A network of links inside one process, for tests and the simulator. Everything happens through the clock, so that a
 * seed and a `ManualClock` repeat a run exactly. Messages cross as bytes.
 */
export class MemoryLinkNetwork {
  readonly #modules: { readonly clock: Clock; readonly logger: Logger };
  readonly #options: MemoryLinkOptions;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #cuts = new Set<string>();
  /** Dials that wait for a path to be healed. */
  readonly #waitingDials = new Set<() => void>();
  #nextPort = 49_152;

  constructor(modules: MemoryLinkModules, options: Partial<MemoryLinkOptions> = {}) {
    this.#modules = { clock: modules.clock, logger: modules.logger ?? noLogger };
    this.#options = { ...defaultMemoryLinkOptions, ...options };
  }

  /** The transport of one process. Several may share a node id, as a restarted process does. */
  node(nodeId: string, role: string): LinkTransport {
    const peer: LinkPeer = { nodeId, role };
    return transportOf({
      kind: "memory",
      dial: (address) => this.#dial(peer, address),
      listen: (address, services) => this.#listen(peer, address, services),
    });
  }

  /** Nothing passes between the two nodes, in either direction, until `heal`. What is under way waits. */
  cut(a: string, b: string): void {
    this.#cuts.add(pathKey(a, b));
    for (const connection of this.#connections) if (connection.joins(a, b)) connection.startDying();
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(pathKey(a, b));
    for (const connection of this.#connections) if (connection.joins(a, b)) connection.revive();
    for (const dialAgain of this.#waitingDials) dialAgain();
  }

  isCut(a: string, b: string): boolean {
    return this.#cuts.has(pathKey(a, b));
  }

  /** The process of the node dies: its listeners are gone and its connections break on both sides. */
  crash(nodeId: string): void {
    for (const [address, listener] of this.#listeners) {
      if (listener.nodeId === nodeId) this.#listeners.delete(address);
    }
    for (const connection of this.#connections) {
      if (connection.touches(nodeId)) connection.break(broken("the peer died"));
    }
  }

  /** Breaks the connections between two nodes, and nothing else. */
  sever(a: string, b: string): void {
    for (const connection of this.#connections) {
      if (connection.joins(a, b)) connection.break(broken("connection reset"));
    }
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  #listen(peer: LinkPeer, address: string, services: ServedMethods): Promise<LinkListener> {
    const bound = address.endsWith(":0") ? `${address.slice(0, -1)}${this.#nextPort++}` : address;
    if (this.#listeners.has(bound)) {
      return Promise.reject(new ServiceError("unavailable", `${bound} is in use`, { details: { address: bound } }));
    }
    const listener = new MemoryListener(bound, peer, services, () => {
      if (this.#listeners.get(bound) === listener) this.#listeners.delete(bound);
    });
    this.#listeners.set(bound, listener);
    return Promise.resolve(listener);
  }

  #dial(dialler: LinkPeer, address: string): Promise<LinkConnection> {
    const { clock } = this.#modules;
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = (): void => {
        isSettled = true;
        timer.cancel();
        this.#waitingDials.delete(roundTrip);
      };
      const timer = clock.after(this.#options.dialTimeoutMs, () => {
        settle();
        reject(new LinkError("timeout", `${address} did not answer in time`, false));
      });
      const arrive = (): void => {
        if (isSettled) return;
        const listener = this.#listeners.get(address);
        if (listener === undefined) {
          settle();
          reject(new LinkError("unavailable", `nobody listens on ${address}`, false));
        } else if (this.isCut(dialler.nodeId, listener.nodeId)) {
          this.#waitingDials.add(roundTrip);
        } else {
          settle();
          resolve(this.#connect(dialler, listener));
        }
      };
      const roundTrip = (): void => {
        this.#waitingDials.delete(roundTrip);
        const to = this.#listeners.get(address)?.nodeId ?? address;
        const tripMs = this.#options.latencyMs(dialler.nodeId, to) + this.#options.latencyMs(to, dialler.nodeId);
        clock.after(tripMs, arrive);
      };
      roundTrip();
    });
  }

  #connect(dialler: LinkPeer, listener: MemoryListener): LinkConnection {
    const connection = new MemoryConnection(
      { clock: this.#modules.clock, isCut: () => this.isCut(dialler.nodeId, listener.nodeId) },
      { dialler: dialler.nodeId, listener: listener.nodeId },
      this.#options,
      () => {
        this.#connections.delete(connection);
      },
    );
    this.#connections.add(connection);
    const dialling = new DiallingSession({ ...this.#modules, carrier: connection.dialling }, listener.peer, {
      ...defaultSessionLimits,
      inFlightMax: this.#options.inFlightMax,
    });
    const serving = new ServingSession(
      { ...this.#modules, carrier: connection.serving, services: listener.services },
      dialler,
      { inFlightMax: this.#options.inFlightMax },
    );
    connection.dialling.attach(dialling);
    connection.serving.attach(serving);
    listener.accept(serving);
    return dialling;
  }
}

class MemoryListener implements LinkListener {
  readonly address: string;
  readonly peer: LinkPeer;
  readonly services: ServedMethods;
  readonly #sessions = new Set<ServingSession>();
  readonly #stopped: () => void;

  constructor(address: string, peer: LinkPeer, services: ServedMethods, stopped: () => void) {
    this.address = address;
    this.peer = peer;
    this.services = services;
    this.#stopped = stopped;
  }

  get nodeId(): string {
    return this.peer.nodeId;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  accept(session: ServingSession): void {
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
  }

  async close(graceMs = 0): Promise<void> {
    this.#stopped();
    await Promise.all([...this.#sessions].map((session) => session.close(graceMs)));
  }
}

function pathKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

function broken(why: string): LinkError {
  return new LinkError("unavailable", why, true);
}
