import type { Alive, Severity, SyncEntry } from "@tidewire/protocol-routing";

// Bound once: in the contexts Jest runs tests in, looking a global up costs more than the multiplication.
const { imul } = Math;

/**
 * What is known of one member: three maxima, so that merging is commutative, associative and idempotent and all nodes
 * end equal whatever the order in which they hear things.
 *
 * - The statement is ordered by (boot, incarnation, severity). Only the member raises boot and incarnation, the others
 *   only the severity.
 * - The stamp is the largest that came with any statement, also with one that was overtaken: the version of the routing
 *   table is a maximum of stamps and must not depend on who heard what first.
 * - The record is what the member wrote about itself, ordered by (boot, incarnation); one writer, so equal numbers mean
 *   equal contents. It can be missing: hearsay arrives first sometimes.
 */
export interface MemberState {
  readonly boot: number;
  readonly incarnation: number;
  readonly severity: Severity;
  /** Lamport number. A suspicion brings none (0), because it alters no table. */
  readonly stamp: number;
  readonly record: Alive | undefined;
}

const ranks: Readonly<Record<Severity, number>> = { alive: 0, suspect: 1, dead: 2, left: 3 };

type Statement = Pick<MemberState, "boot" | "incarnation" | "severity">;

/** Positive if `a` is the later word. */
export function compareStatements(a: Statement, b: Statement): number {
  return a.boot - b.boot || a.incarnation - b.incarnation || ranks[a.severity] - ranks[b.severity];
}

/** The least upper bound of the two. Returns `a` itself when `b` adds nothing. */
export function joinStates(a: MemberState, b: MemberState): MemberState {
  const { boot, incarnation, severity } = compareStatements(b, a) > 0 ? b : a;
  const record = newerRecord(a.record, b.record);
  const stamp = Math.max(a.stamp, b.stamp);
  const isA = compareStatements(a, { boot, incarnation, severity }) === 0 && record === a.record && stamp === a.stamp;
  return isA ? a : { boot, incarnation, severity, stamp, record };
}

function newerRecord(a: Alive | undefined, b: Alive | undefined): Alive | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return (b.boot - a.boot || b.incarnation - a.incarnation) > 0 ? b : a;
}

export function isLive(state: MemberState): boolean {
  return state.severity === "alive" || state.severity === "suspect";
}

export function stateOfRecord(record: Alive): MemberState {
  return { boot: record.boot, incarnation: record.incarnation, severity: "alive", stamp: record.stamp, record };
}

export function stateOfEntry(entry: SyncEntry): MemberState {
  const { boot, incarnation, severity, stamp, record } = entry;
  return { boot, incarnation, severity, stamp, record };
}

/**
 * 32 bits over everything that converges: the statement and which record is held. FNV-1a over the id, then over the
 * numbers, then a finalizer (Appleby's fmix32), so that one changed bit reaches all others.
 */
export function stateHash(id: string, state: MemberState): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = imul(hash ^ id.charCodeAt(index), 0x01000193);
  hash = mixNumber(hash, state.boot);
  hash = mixNumber(hash, state.incarnation);
  hash = mixNumber(hash, ranks[state.severity]);
  hash = mixNumber(hash, state.stamp);
  hash = mixNumber(hash, state.record?.boot ?? 0);
  hash = mixNumber(hash, state.record?.incarnation ?? 0);
  return finalMix(hash);
}

/** Which of the digest's buckets an id falls into; by its hash, so that similar names spread. */
export function bucketOf(id: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = imul(hash ^ id.charCodeAt(index), 0x01000193);
  return finalMix(hash) % buckets;
}

export function mixNumber(hash: number, value: number): number {
  const low = value >>> 0;
  const high = ((value - low) / 0x1_0000_0000) >>> 0;
  return finalMix(imul(finalMix(imul(hash ^ low, 0x01000193)) ^ high, 0x01000193));
}

export function finalMix(value: number): number {
  let hash = value;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
