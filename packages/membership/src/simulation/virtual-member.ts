import { type Clock, noLogger, noMetrics, type Random, type Timer } from "@tidewire/foundation";
import type { MembershipIdentity } from "../core.ts";
import type { MembershipEffect, MembershipEvent } from "../events.ts";
import { MembershipEngine } from "../membership-engine.ts";
import type { MembershipSettings } from "../settings.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** What reaches a stalled process waits like datagrams in a 2 MiB socket buffer, and the rest is lost. */
const INBOX_MAX = 4_096;

export interface VirtualMemberOptions {
  readonly identity: Omit<MembershipIdentity, "boot">;
  readonly settings: MembershipSettings;
  readonly seeds: readonly string[];
  /** Milliseconds by which this machine's wall clock is off. */
  readonly clockSkewMs?: number;
}

export interface VirtualMemberModules {
  readonly clock: Clock;
  readonly network: VirtualNetwork;
  readonly random: Random;
  /** Hears every effect, in order. */
  readonly observe?: (member: VirtualMember, effect: MembershipEffect) => void;
}

/** One process of the simulated group: an engine on the virtual network, with the ways in which a process can be ill. */
export class VirtualMember {
  readonly id: string;
  readonly address: string;
  engine: MembershipEngine;
  isRunning = false;
  readonly #modules: VirtualMemberModules;
  readonly #options: VirtualMemberOptions;
  #timer: Timer | undefined;
  /** Set while nothing passes in or out; `isFrozen` stops its timers as well. */
  #stall: { readonly isFrozen: boolean; readonly inbox: (() => void)[]; readonly outbox: (() => void)[] } | undefined;
  #replies = new Map<number, (body: Uint8Array) => void>();
  #nextReply = 1;

  constructor(modules: VirtualMemberModules, options: VirtualMemberOptions) {
    this.#modules = modules;
    this.#options = options;
    this.id = options.identity.id;
    this.address = options.identity.gossipAddress;
    this.engine = this.#newEngine();
  }

  get isStalled(): boolean {
    return this.#stall !== undefined;
  }

  /** A new process: new boot, nothing remembered. */
  start(): void {
    if (this.isRunning) throw new Error(`${this.id} runs already`);
    this.engine = this.#newEngine();
    this.isRunning = true;
    this.#modules.network.attach(this.address, {
      datagram: (from, packet) => this.#receive(() => this.handle({ kind: "packet", from, packet })),
      request: (from, body, reply) =>
        this.#receive(() => {
          const exchange = this.#nextReply++;
          this.#replies.set(exchange, reply);
          this.handle({ kind: "request", exchange, from, body });
        }),
    });
    this.handle({ kind: "start", seeds: this.#options.seeds });
  }

  /** Kill -9: no goodbye, the port closes. */
  crash(): void {
    this.isRunning = false;
    this.#stall = undefined;
    this.#replies.clear();
    this.#timer?.cancel();
    this.#modules.network.detach(this.address);
  }

  /**
   * For `forMs` nothing comes in or goes out, while timers keep firing: the slow process of the Lifeguard paper. What
   * waited is let through in order at the end.
   */
  stall(forMs: number): void {
    this.#hold(forMs, false);
  }

  /** SIGSTOP, then SIGCONT: timers stand still too. */
  freeze(forMs: number): void {
    this.#timer?.cancel();
    this.#hold(forMs, true);
  }

  handle(event: MembershipEvent): void {
    if (!this.isRunning) return;
    for (const effect of this.engine.handle(event, this.#modules.clock.monotonicMs())) {
      this.#apply(effect);
      this.#modules.observe?.(this, effect);
    }
  }

  #apply(effect: MembershipEffect): void {
    const { network } = this.#modules;
    switch (effect.kind) {
      case "send":
        return this.#transmit(() => network.send(this.address, effect.to, effect.packet));
      case "request":
        return this.#transmit(() =>
          network.request(this.address, effect.to, effect.body, effect.timeoutMs, (body) =>
            this.#receive(() =>
              this.handle(
                body === undefined
                  ? { kind: "failed", exchange: effect.exchange }
                  : { kind: "response", exchange: effect.exchange, body },
              ),
            ),
          ),
        );
      case "reply": {
        const reply = this.#replies.get(effect.exchange);
        this.#replies.delete(effect.exchange);
        return this.#transmit(() => reply?.(effect.body));
      }
      case "wake":
        return this.#wake(effect.at);
      case "resolve":
        this.#modules.clock.after(0, () =>
          this.#receive(() => this.handle({ kind: "seeds", seeds: this.#options.seeds })),
        );
        return;
      case "left":
      case "evicted":
        return this.crash();
      case "changed":
      case "version":
      case "joined":
        return;
    }
  }

  #wake(at: number): void {
    this.#timer?.cancel();
    const { clock } = this.#modules;
    this.#timer = clock.after(at - clock.monotonicMs(), () => this.handle({ kind: "tick" }));
  }

  #receive(deliver: () => void): void {
    if (!this.isRunning) return;
    if (this.#stall === undefined) deliver();
    else if (this.#stall.inbox.length < INBOX_MAX) this.#stall.inbox.push(deliver);
  }

  #transmit(send: () => void): void {
    if (this.#stall === undefined) send();
    else this.#stall.outbox.push(send);
  }

  #hold(forMs: number, isFrozen: boolean): void {
    if (this.#stall !== undefined) throw new Error(`${this.id} is stalled already`);
    const stall = { isFrozen, inbox: [], outbox: [] };
    this.#stall = stall;
    this.#modules.clock.after(forMs, () => {
      if (this.#stall === stall) this.#release();
    });
  }

  #release(): void {
    const { inbox, outbox, isFrozen } = this.#stall!;
    this.#stall = undefined;
    for (const send of outbox) send();
    for (const deliver of inbox) deliver();
    if (isFrozen) this.handle({ kind: "tick" });
  }

  #newEngine(): MembershipEngine {
    const { clock, random } = this.#modules;
    const wallMs = clock.wallMs() + (this.#options.clockSkewMs ?? 0);
    return new MembershipEngine(
      { ...this.#options.identity, boot: Math.floor(wallMs) * 1_024 + random.below(1_024) },
      this.#options.settings,
      { random, logger: noLogger, metrics: noMetrics },
    );
  }
}
