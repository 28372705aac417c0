import type { Alive } from "@tidewire/protocol-routing";
import type { Core } from "./core.ts";
import { Damping } from "./damping.ts";
import type { Deadline } from "./deadlines.ts";
import { PROTOCOL_MAX, PROTOCOL_MIN } from "./gossip-format.ts";
import type { Lifecycle, MemberMeta } from "./member.ts";
import { stateOfRecord } from "./member-state.ts";

/** Accusations this far ahead of the own incarnation are not the group's doing; see `refute`. */
const INCARNATION_JUMP_MAX = 1_000_000;

/** What this node says about itself: the only record it may write, and the only one that may write it. */
export class SelfRecord {
  readonly #core: Core;
  readonly #damping: Damping;
  #record: Alive;
  #wanted: Lifecycle;
  #holdUntil = 0;
  #hold: Deadline | undefined;

  constructor(core: Core) {
    const { identity, settings } = core;
    this.#core = core;
    this.#damping = new Damping(settings.joinHoldMs, settings.joinHoldMaxMs);
    this.#wanted = identity.lifecycle ?? "joining";
    this.#record = {
      id: identity.id,
      boot: identity.boot,
      incarnation: 1,
      gossipAddress: identity.gossipAddress,
      role: identity.role,
      zone: identity.meta.zone,
      weight: identity.meta.weight,
      linkAddress: identity.meta.linkAddress,
      lifecycle: "joining",
      stamp: 0,
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL_MAX,
    };
  }

  get record(): Alive {
    return this.#record;
  }

  /** Before the first word: later than any boot of this name the group remembers. */
  adoptBoot(known: number): void {
    if (known >= this.#record.boot) this.#record = { ...this.#record, boot: known + 1 };
  }

  /** The first word, or the first after an answer that made this one a stranger. */
  announce(): void {
    const { now } = this.#core;
    this.#record = { ...this.#record, incarnation: 1, stamp: this.#core.nextStamp(), lifecycle: "joining" };
    // Where nobody of its kind works yet there is nothing a hold could protect.
    const isFirst = !this.#core.members.live.some(
      ({ id, state }) =>
        id !== this.#record.id && state.record?.role === this.#record.role && state.record.lifecycle === "active",
    );
    this.#holdUntil = isFirst ? now : now + this.#damping.holdMs(now);
    this.#publish();
    this.#settle();
  }

  setLifecycle(wanted: Lifecycle): void {
    this.#wanted = wanted;
    if (this.#core.state === "joined") this.#settle();
  }

  setMeta(meta: MemberMeta): void {
    const { zone, weight, linkAddress } = meta;
    const record = this.#record;
    if (record.zone === zone && record.weight === weight && record.linkAddress === linkAddress) return;
    this.#record = { ...record, zone, weight, linkAddress };
    if (this.#core.state === "joined") this.#restamp({});
  }

  /** Answers an accusation against this boot with a later word. */
  refute(accusedIncarnation: number, isDead: boolean): void {
    const { health, metrics, now } = this.#core;
    metrics.refutations.add(1, { kind: isDead ? "dead" : "suspect" });
    health.change(1);
    // Only a forger can be that far ahead, and the counter ends at 2^32: start over under a new boot.
    if (accusedIncarnation > this.#record.incarnation + INCARNATION_JUMP_MAX) return this.restart(this.#record.boot);
    const incarnation = Math.max(this.#record.incarnation, accusedIncarnation) + 1;
    this.#record = { ...this.#record, incarnation };
    if (!isDead) {
      if (this.#record.lifecycle === "joining") this.#extendHold(now + this.#damping.holdMs(now));
      this.#publish();
      return;
    }
    // Tables have dropped this member: the record needs a later stamp than the obituary, and the member probation.
    const holdMs = this.#damping.alarm(now);
    this.#record = { ...this.#record, stamp: this.#core.nextStamp() };
    if (this.#record.lifecycle !== "draining") {
      this.#record = { ...this.#record, lifecycle: "joining" };
      this.#extendHold(now + holdMs);
    }
    this.#publish();
    this.#settle();
  }

  /** Continues under a boot later than `knownBoot`. */
  restart(knownBoot: number): void {
    this.adoptBoot(knownBoot);
    this.announce();
  }

  #extendHold(until: number): void {
    this.#holdUntil = Math.max(this.#holdUntil, until);
  }

  /** Brings the announced lifecycle to the wanted one, or arms the timer that will. */
  #settle(): void {
    this.#hold?.cancel();
    const { lifecycle } = this.#record;
    if (this.#wanted === lifecycle) return;
    if (this.#wanted === "active" && this.#core.now < this.#holdUntil) {
      this.#hold = this.#core.deadlines.arm(this.#holdUntil, () => this.#settle());
      return;
    }
    if (this.#core.state !== "joined") return;
    this.#restamp({ lifecycle: this.#wanted });
  }

  #restamp(change: Partial<Alive>): void {
    this.#record = {
      ...this.#record,
      ...change,
      incarnation: this.#record.incarnation + 1,
      stamp: this.#core.nextStamp(),
    };
    this.#publish();
  }

  #publish(): void {
    const { members, now } = this.#core;
    const outcome = members.merge(this.#record.id, stateOfRecord(this.#record), now);
    this.#core.spread(this.#record.id, { kind: "alive", value: this.#record }, true);
    this.#core.emit({
      kind: "changed",
      id: this.#record.id,
      boot: this.#record.boot,
      incarnation: this.#record.incarnation,
      before: outcome?.before?.severity,
      after: "alive",
      isVerdict: false,
    });
  }
}
