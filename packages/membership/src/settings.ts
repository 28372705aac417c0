/** What the protocol is built from; the switches exist to compare with plain SWIM on the same seeds. */
export interface ProtocolFeatures {
  /** Lifeguard LHA-Probe: probe slower while this node itself does badly. */
  readonly hasLocalHealth: boolean;
  /** Lifeguard LHA-Suspicion: long suspicion that independent confirmations shorten. */
  readonly hasDynamicSuspicion: boolean;
  /** Lifeguard buddy system: a ping of a suspect says that it is one. */
  readonly hasBuddy: boolean;
  /** A hearsay DEAD about a member held alive only starts a suspicion. */
  readonly hasDeadGate: boolean;
}

export const lifeguard: ProtocolFeatures = {
  hasLocalHealth: true,
  hasDynamicSuspicion: true,
  hasBuddy: true,
  hasDeadGate: true,
};

export const plainSwim: ProtocolFeatures = {
  hasLocalHealth: false,
  hasDynamicSuspicion: false,
  hasBuddy: false,
  hasDeadGate: false,
};

/**
 * Timers and bounds of the protocol. The LAN values are those of hashicorp/memberlist where nothing else is said;
 * `fast` halves them for groups on one machine or in one rack.
 */
export interface MembershipSettings {
  readonly features: ProtocolFeatures;
  /** One probe starts every interval; both are multiplied by local health + 1. */
  readonly probeIntervalMs: number;
  /** Time for the direct answer, before others are asked to probe. */
  readonly probeTimeoutMs: number;
  readonly indirectProbes: number;
  readonly gossipIntervalMs: number;
  readonly gossipFanOut: number;
  /** How long the dead still get gossip, so that one who is not dead hears of it. */
  readonly gossipToDeadMs: number;
  /** A statement is sent `retransmitMultiplier * ceil(log10(n + 1))` times by each member. */
  readonly retransmitMultiplier: number;
  /** Shortest suspicion is `suspicionAlpha * max(1, log10 n)` probe intervals, the longest `suspicionBeta` times that. */
  readonly suspicionAlpha: number;
  readonly suspicionBeta: number;
  /** Confirmations that bring a suspicion down to its shortest. */
  readonly suspicionConfirmations: number;
  /** Local health runs from 0 (well) to this. */
  readonly localHealthMax: number;
  readonly syncIntervalMs: number;
  readonly streamTimeoutMs: number;
  readonly healIntervalMs: number;
  readonly tombstoneMs: number;
  /** A fresh or pardoned member stays `joining` this long without having to refute before it turns `active`. */
  readonly joinHoldMs: number;
  readonly joinHoldMaxMs: number;
  /** Longest time `leave` waits for its word to spread. */
  readonly leaveMaxMs: number;
  /** Payload of one datagram before sealing: fits the IPv6 minimum of 1,280 with room for overlays. */
  readonly packetMaxBytes: number;
  /** Members and tombstones held; what is beyond is refused and counted. */
  readonly membersMax: number;
  /** Exchanges this node has open, in either direction. */
  readonly exchangesMax: number;
  /** Indirect probes this node does for others at a time. */
  readonly relaysMax: number;
}

export const lanSettings: MembershipSettings = {
  features: lifeguard,
  probeIntervalMs: 1_000,
  probeTimeoutMs: 500,
  indirectProbes: 3,
  gossipIntervalMs: 200,
  gossipFanOut: 3,
  gossipToDeadMs: 30_000,
  retransmitMultiplier: 4,
  suspicionAlpha: 4,
  suspicionBeta: 6,
  suspicionConfirmations: 3,
  localHealthMax: 8,
  syncIntervalMs: 30_000,
  streamTimeoutMs: 5_000,
  healIntervalMs: 30_000,
  tombstoneMs: 24 * 3_600_000,
  joinHoldMs: 10_000,
  joinHoldMaxMs: 300_000,
  leaveMaxMs: 2_000,
  packetMaxBytes: 1_200,
  membersMax: 16_384,
  exchangesMax: 128,
  relaysMax: 1_024,
};

export const fastSettings: MembershipSettings = {
  ...lanSettings,
  probeIntervalMs: 500,
  probeTimeoutMs: 200,
  gossipIntervalMs: 100,
  syncIntervalMs: 15_000,
  streamTimeoutMs: 3_000,
  healIntervalMs: 15_000,
  joinHoldMs: 2_000,
};

export type MembershipProfile = "lan" | "fast";

export const membershipProfiles: Readonly<Record<MembershipProfile, MembershipSettings>> = {
  lan: lanSettings,
  fast: fastSettings,
};
