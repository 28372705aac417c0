import { type Clock, type Logger, ServiceError, type Timer } from "@tidewire/foundation";
import type {
  Lifecycle,
  MemberMeta,
  MembershipEffect,
  MembershipEngine,
  MembershipEvent,
  MembershipView,
} from "@tidewire/membership";
import type { DatagramPort } from "./datagram-port.ts";
import { Deferred } from "./deferred.ts";
import type { ExchangePort } from "./exchange-port.ts";
import type { KeyRing } from "./key-ring.ts";
import type { MembershipHandle } from "./membership-handle.ts";

/** A timer this late means that the loop was held up, and datagrams that arrived meanwhile still wait in the socket. */
const LATE_MS = 50;

export interface GossipNodeModules {
  readonly engine: MembershipEngine;
  readonly datagrams: DatagramPort;
  readonly exchanges: ExchangePort;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Looks the configured seeds up. */
  readonly resolve: () => Promise<readonly string[]>;
}

/** Joins the engine to its sockets: turns what arrives into events and effects into what leaves. */
export class GossipNode implements MembershipHandle {
  readonly gossipAddress: string;
  readonly #modules: GossipNodeModules;
  readonly #listeners = new Set<(view: MembershipView) => void>();
  readonly #evictionListeners = new Set<(reason: string) => void>();
  readonly #replies = new Map<number, (body: Uint8Array) => void>();
  readonly #joined = new Deferred();
  readonly #left = new Deferred();
  #nextExchange = 1;
  #timer: Timer | undefined;
  #view: MembershipView | undefined;
  #seeds: readonly string[] = [];
  #isStopped = false;

  constructor(gossipAddress: string, modules: GossipNodeModules) {
    this.gossipAddress = gossipAddress;
    this.#modules = modules;
    // Nobody may be waiting.
    this.#joined.promise.catch(() => {});
  }

  get boot(): number {
    return this.#modules.engine.boot;
  }

  get isJoined(): boolean {
    return this.#modules.engine.isJoined;
  }

  get isReady(): boolean {
    if (!this.isJoined) return false;
    const members = new Set([this.gossipAddress]);
    for (const { health, gossipAddress } of this.view().members) {
      if (health === "alive" || health === "suspect") members.add(gossipAddress);
    }
    return this.#seeds.filter((seed) => members.has(seed)).length * 2 >= this.#seeds.length;
  }

  joined(): Promise<void> {
    return this.#joined.promise;
  }

  view(): MembershipView {
    this.#view ??= this.#modules.engine.view();
    return this.#view;
  }

  onChange(listener: (view: MembershipView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onEvicted(listener: (reason: string) => void): void {
    this.#evictionListeners.add(listener);
  }

  setLifecycle(lifecycle: Lifecycle): void {
    this.#handle({ kind: "lifecycle", lifecycle });
  }

  setMeta(meta: MemberMeta): void {
    this.#handle({ kind: "meta", meta });
  }

  setKeys(keys: readonly Uint8Array[]): void {
    this.#modules.ring.replace(keys);
    this.#handle({ kind: "keys", keyIds: this.#modules.ring.ids });
  }

  async leave(): Promise<void> {
    if (!this.#isStopped) {
      this.#handle({ kind: "leave" });
      await this.#left.promise;
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#listeners.clear();
    this.#modules.datagrams.close();
    this.#modules.exchanges.close();
    this.#left.resolve();
    this.#joined.reject(new ServiceError("unavailable", "stopped before the group was joined"));
  }

  /** Begins to join. */
  start(): void {
    this.#handle({ kind: "keys", keyIds: this.#modules.ring.ids });
    void this.#lookUp((seeds) => ({ kind: "start", seeds }));
  }

  /** A datagram of another member. */
  received(from: string, packet: Uint8Array): void {
    this.#handle({ kind: "packet", from, packet });
  }

  /** An exchange another member opened. */
  asked(from: string, body: Uint8Array, reply: (body: Uint8Array) => void): void {
    const exchange = this.#nextExchange++;
    this.#replies.set(exchange, reply);
    this.#handle({ kind: "request", exchange, from, body });
    // Unanswered means refused; the connection ends by its timeout.
    this.#replies.delete(exchange);
  }

  #handle(event: MembershipEvent): void {
    if (this.#isStopped) return;
    let hasChanged = false;
    for (const effect of this.#modules.engine.handle(event, this.#modules.clock.monotonicMs())) {
      hasChanged ||= effect.kind === "changed" || effect.kind === "version" || effect.kind === "joined";
      this.#apply(effect);
    }
    if (!hasChanged) return;
    this.#view = undefined;
    if (this.isJoined) for (const listener of this.#listeners) listener(this.view());
  }

  #apply(effect: MembershipEffect): void {
    const { datagrams, exchanges, logger } = this.#modules;
    switch (effect.kind) {
      case "send":
        return datagrams.send(effect.to, effect.packet);
      case "request": {
        const { exchange, to, body, timeoutMs } = effect;
        // Never during this call: the engine is still handing out effects.
        return exchanges.request(to, body, timeoutMs, (answer) =>
          queueMicrotask(() =>
            this.#handle(
              answer === undefined ? { kind: "failed", exchange } : { kind: "response", exchange, body: answer },
            ),
          ),
        );
      }
      case "reply":
        return this.#replies.get(effect.exchange)?.(effect.body);
      case "wake":
        return this.#wake(effect.at);
      case "resolve":
        return void this.#lookUp((seeds) => ({ kind: "seeds", seeds }));
      case "changed": {
        const { id, before, after, boot, incarnation } = effect;
        const isDeath = before !== after && (after === "dead" || after === "suspect");
        if (before !== after)
          logger[isDeath ? "warn" : "info"]({ member: id, before, boot, incarnation }, `member ${after}`);
        return;
      }
      case "version":
        return;
      case "joined":
        return this.#joined.resolve();
      case "left":
        return this.#left.resolve();
      case "evicted":
        this.#left.resolve();
        for (const listener of this.#evictionListeners) listener(effect.reason);
        return;
    }
  }

  #wake(at: number): void {
    const { clock } = this.#modules;
    this.#timer?.cancel();
    this.#timer = clock.after(at - clock.monotonicMs(), () => {
      const tick = (): void => this.#handle({ kind: "tick" });
      if (clock.monotonicMs() - at < LATE_MS) return tick();
      // Timers run before sockets are read: read first, or answers that came in time would count as missing.
      setImmediate(() => setImmediate(tick));
    });
  }

  async #lookUp(eventOf: (seeds: readonly string[]) => MembershipEvent): Promise<void> {
    this.#seeds = await this.#modules.resolve();
    this.#handle(eventOf(this.#seeds));
  }
}
