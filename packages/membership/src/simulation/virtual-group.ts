import { SeededRandom } from "@tidewire/foundation";
import type { MembershipEffect } from "../events.ts";
import type { Health, Lifecycle } from "../member.ts";
import { lanSettings, type MembershipSettings } from "../settings.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { VirtualMember } from "./virtual-member.ts";
import { calmNetwork, type NetworkOptions, VirtualNetwork } from "./virtual-network.ts";

// Bound once: in the contexts Jest runs tests in, looking a global up costs more than the multiplication.
const { imul } = Math;

export interface VirtualGroupOptions {
  readonly seed: number;
  readonly members: number;
  readonly settings?: MembershipSettings;
  readonly network?: Partial<NetworkOptions>;
  /** Lifecycle every member wants. */
  readonly lifecycle?: Lifecycle;
  readonly label?: string;
}

/** A member's view of another one changed. */
export interface GroupChange {
  readonly at: number;
  readonly observer: string;
  readonly subject: string;
  readonly before: Health | undefined;
  readonly after: Health;
  readonly isVerdict: boolean;
}

/**
 * A whole group in one process under one seed. Every node draws from a source of randomness of its own, so that a
 * change in one leaves the others' decisions alone.
 */
export class VirtualGroup {
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly members: VirtualMember[] = [];
  readonly changes: GroupChange[] = [];
  readonly evictions: string[] = [];
  readonly #options: VirtualGroupOptions;
  #hash = 0x811c9dc5;

  constructor(options: VirtualGroupOptions) {
    this.#options = options;
    const random = new SeededRandom(options.seed * 1_000_003);
    this.network = new VirtualNetwork({ clock: this.clock, random }, { ...calmNetwork, ...options.network });
    for (let index = 0; index < options.members; index++) this.add(`m${index}`, { allowBootstrap: index === 0 });
  }

  /** A member that is not started yet. The first one added may begin the group and is everyone's seed. */
  add(
    id: string,
    overrides: {
      readonly address?: string;
      readonly allowBootstrap?: boolean;
      readonly seeds?: readonly string[];
      readonly role?: string;
      readonly label?: string;
      readonly clockSkewMs?: number;
    } = {},
  ): VirtualMember {
    const { settings, lifecycle, label } = this.#options;
    const address = overrides.address ?? `${id}:7946`;
    const member = new VirtualMember(
      {
        clock: this.clock,
        network: this.network,
        random: new SeededRandom(this.#options.seed * 1_000_003 + 1 + this.members.length),
        observe: (observer, effect) => this.#observe(observer, effect),
      },
      {
        identity: {
          id,
          role: overrides.role ?? "document-host",
          gossipAddress: address,
          label: overrides.label ?? label ?? "test",
          meta: { linkAddress: `${id}:7000`, zone: "z", weight: 1 },
          lifecycle: lifecycle ?? "active",
          allowBootstrap: overrides.allowBootstrap ?? false,
        },
        settings: settings ?? lanSettings,
        seeds: overrides.seeds ?? [this.members[0]?.address ?? address],
        ...(overrides.clockSkewMs === undefined ? {} : { clockSkewMs: overrides.clockSkewMs }),
      },
    );
    this.members.push(member);
    return member;
  }

  startAll(): this {
    for (const member of this.members) if (!member.isRunning) member.start();
    return this;
  }

  /** Starts everyone and runs until all see all; throws if that takes longer than `withinMs`. */
  boot(withinMs = 60_000): this {
    this.startAll();
    this.runUntil(() => this.isSettled(), withinMs, "the group to form");
    return this;
  }

  run(forMs: number): this {
    this.clock.advance(forMs);
    return this;
  }

  /** Runs in steps until it holds; returns the virtual time it took. Throws with the seed when it does not in time. */
  runUntil(holds: () => boolean, withinMs: number, what: string, stepMs = 50): number {
    const startedAt = this.now;
    while (!holds()) {
      if (this.now - startedAt >= withinMs) {
        throw new Error(`seed ${this.#options.seed}: waited ${withinMs} ms for ${what}`);
      }
      this.run(stepMs);
    }
    return this.now - startedAt;
  }

  get now(): number {
    return this.clock.monotonicMs();
  }

  get running(): VirtualMember[] {
    return this.members.filter((member) => member.isRunning);
  }

  member(id: string): VirtualMember {
    const found = this.members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`no member ${id}`);
    return found;
  }

  /** Every running member is joined, holds every running one alive and nobody else, and all digests are equal. */
  isSettled(): boolean {
    const running = this.running;
    const first = running[0]?.engine;
    if (first === undefined) return true;
    const agrees = running.every(
      ({ engine }) => engine.isJoined && engine.liveCount === running.length && engine.digest === first.digest,
    );
    return agrees && running.every(({ id }) => first.member(id)?.health === "alive");
  }

  /** How `observer` sees `subject`. */
  healthOf(observer: string, subject: string): Health | undefined {
    return this.member(observer).engine.member(subject)?.health;
  }

  addresses(members: readonly VirtualMember[]): Set<string> {
    return new Set(members.map((member) => member.address));
  }

  /** Over everything that happened, in order: equal for equal seeds. */
  get eventHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  #observe(observer: VirtualMember, effect: MembershipEffect): void {
    if (effect.kind === "wake") return;
    this.#mix(Math.round(this.now * 1_000));
    this.#mixText(observer.id);
    this.#mixText(effect.kind);
    if (effect.kind === "send") this.#mixBytes(effect.packet);
    if (effect.kind === "evicted") this.evictions.push(observer.id);
    if (effect.kind !== "changed") return;
    const { id: subject, before, after, isVerdict } = effect;
    this.#mixText(subject);
    this.#mixText(after);
    this.changes.push({ at: this.now, observer: observer.id, subject, before, after, isVerdict });
  }

  #mix(value: number): void {
    this.#hash = imul(this.#hash ^ value, 0x01000193);
    this.#hash ^= this.#hash >>> 15;
  }

  #mixText(text: string): void {
    for (let index = 0; index < text.length; index++) this.#mix(text.charCodeAt(index));
  }

  #mixBytes(bytes: Uint8Array): void {
    this.#mix(bytes.length);
    for (let index = 0; index < bytes.length; index += 7) this.#mix(bytes[index]!);
  }
}
