import type { Random } from "@tidewire/foundation";
import { bucketOf, finalMix, isLive, joinStates, type MemberState, stateHash } from "./member-state.ts";

// Bound once: in the contexts Jest runs tests in, looking a global up costs more than the multiplication.
const { imul } = Math;

/** Buckets of the digest that anti-entropy compares; part of the protocol. */
export const DIGEST_BUCKETS = 64;

/** One member id and what this node noted about it beside the shared state. */
export interface Peer {
  readonly id: string;
  readonly state: MemberState;
  /** Monotonic ms at which its severity last changed here, moved back by the age a sync told. */
  readonly changedAt: number;
  /** Keys it said it holds. */
  keyIds: readonly number[];
  /** Consecutive stream probes that failed while datagrams worked, and the other way round. */
  streamFailures: number;
  datagramFailures: number;
}

interface Slot extends Peer {
  state: MemberState;
  changedAt: number;
  readonly bucket: number;
  /** What it contributes to its bucket; 0 when it is too old a tombstone to take part. */
  hash: number;
  /** Index among the live, -1 if it is not. */
  livePosition: number;
}

export interface MergeOutcome {
  readonly peer: Peer;
  readonly before: MemberState | undefined;
  readonly after: MemberState;
}

/** All members this node knows of, itself and the tombstones included, with a digest kept up to date. */
export class MemberMap {
  readonly #slots = new Map<string, Slot>();
  readonly #live: Slot[] = [];
  readonly #buckets = new Uint32Array(DIGEST_BUCKETS);
  readonly #max: number;
  #version = 0;

  constructor(membersMax: number) {
    this.#max = membersMax;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Members that are alive or suspect, in no particular order. */
  get live(): readonly Peer[] {
    return this.#live;
  }

  /** Largest stamp among the states ever accepted; tombstones that expire do not lower it. */
  get version(): number {
    return this.#version;
  }

  get(id: string): Peer | undefined {
    return this.#slots.get(id);
  }

  all(): IterableIterator<Peer> {
    return this.#slots.values();
  }

  /** For two maps with equal digests: equal records, so the larger version holds for both. */
  adoptVersion(version: number): void {
    this.#version = Math.max(this.#version, version);
  }

  /** Joins `state` into what is known. `undefined` if that changes nothing, or if the map is full. */
  merge(id: string, state: MemberState, now: number, ageMs = 0): MergeOutcome | undefined {
    const slot = this.#slots.get(id);
    if (slot === undefined) return this.#add(id, state, now - ageMs);
    const before = slot.state;
    const after = joinStates(before, state);
    if (after === before) return undefined;
    slot.state = after;
    if (after.severity !== before.severity || after.boot !== before.boot) slot.changedAt = now - ageMs;
    this.#rehash(slot, stateHash(id, after));
    this.#placeAmongLive(slot);
    this.#version = Math.max(this.#version, after.stamp);
    return { peer: slot, before, after };
  }

  /** Takes in a stamp that came with a statement about a known member, whatever became of the statement. */
  raiseStamp(id: string, stamp: number): void {
    const slot = this.#slots.get(id);
    if (slot === undefined || stamp <= slot.state.stamp) return;
    slot.state = { ...slot.state, stamp };
    if (slot.hash !== 0) this.#rehash(slot, stateHash(id, slot.state));
    this.#version = Math.max(this.#version, stamp);
  }

  #add(id: string, state: MemberState, changedAt: number): MergeOutcome | undefined {
    if (this.#slots.size >= this.#max) return undefined;
    const slot: Slot = {
      id,
      state,
      changedAt,
      bucket: bucketOf(id, DIGEST_BUCKETS),
      hash: 0,
      livePosition: -1,
      keyIds: [],
      streamFailures: 0,
      datagramFailures: 0,
    };
    this.#slots.set(id, slot);
    this.#rehash(slot, stateHash(id, state));
    this.#placeAmongLive(slot);
    this.#version = Math.max(this.#version, state.stamp);
    return { peer: slot, before: undefined, after: state };
  }

  /** One number for everything held; equal on two nodes that hold the same. */
  digest(): number {
    let high = 0;
    let low = 0x9e3779b9;
    for (const bucket of this.#buckets) {
      high = finalMix(high ^ bucket);
      low = finalMix(imul(low, 31) ^ bucket);
    }
    return (high & 0x1f_ffff) * 0x1_0000_0000 + low;
  }

  buckets(): number[] {
    return Array.from(this.#buckets);
  }

  /** The members whose buckets differ from those of another node. */
  inDifferingBuckets(theirs: readonly number[]): Peer[] {
    const peers: Peer[] = [];
    for (const slot of this.#slots.values()) {
      if (slot.hash !== 0 && this.#buckets[slot.bucket] !== theirs[slot.bucket]) peers.push(slot);
    }
    return peers;
  }

  /**
   * Takes tombstones out of the digest after a third of their life, so that nodes which expire them at slightly
   * different times do not synchronise for ever, and forgets them at its end. Returns how many were forgotten.
   */
  sweep(now: number, tombstoneMs: number): number {
    let forgotten = 0;
    for (const slot of this.#slots.values()) {
      if (slot.livePosition !== -1) continue;
      const ageMs = now - slot.changedAt;
      if (ageMs > tombstoneMs / 3) this.#rehash(slot, 0);
      if (ageMs <= tombstoneMs) continue;
      this.#slots.delete(slot.id);
      forgotten++;
    }
    return forgotten;
  }

  /** Up to `count` different random live members that satisfy `fits`. */
  pick(random: Random, count: number, fits: (peer: Peer) => boolean): Peer[] {
    const picked: Peer[] = [];
    const live = this.#live;
    if (live.length <= 4 * count) {
      const candidates = live.filter(fits);
      while (picked.length < count && candidates.length > 0) {
        const index = random.below(candidates.length);
        picked.push(candidates[index]!);
        candidates[index] = candidates[candidates.length - 1]!;
        candidates.pop();
      }
      return picked;
    }
    // In a large group a few random draws are cheaper than looking at everyone; 3n draws miss practically never.
    for (let draw = 0; draw < 8 * count && picked.length < count; draw++) {
      const peer = live[random.below(live.length)]!;
      if (!picked.includes(peer) && fits(peer)) picked.push(peer);
    }
    return picked;
  }

  #rehash(slot: Slot, hash: number): void {
    this.#buckets[slot.bucket] = (this.#buckets[slot.bucket]! ^ slot.hash ^ hash) >>> 0;
    slot.hash = hash;
  }

  #placeAmongLive(slot: Slot): void {
    const shouldBe = isLive(slot.state);
    if (shouldBe === (slot.livePosition !== -1)) return;
    if (shouldBe) {
      slot.livePosition = this.#live.length;
      this.#live.push(slot);
      return;
    }
    const last = this.#live.pop()!;
    if (last !== slot) {
      this.#live[slot.livePosition] = last;
      last.livePosition = slot.livePosition;
    }
    slot.livePosition = -1;
  }
}
