// Generated from gossip.xml, digest eea6ff1373ae6d2f. Do not edit; run codegen.

export type MemberLifecycle = "joining" | "active" | "draining";

export type Severity = "alive" | "suspect" | "dead" | "left";

export type NackReason = "silent" | "identity" | "notReady";

export type SyncOutcome = "same" | "differs" | "notReady" | "refused";

export interface Alive {
  readonly id: string;
  /** Start of the process: ms since 1970 times 1024 plus a random part. */
  readonly boot: number;
  /** Raised by the member alone, from 1. */
  readonly incarnation: number;
  /** host:port of the datagram and stream socket. */
  readonly gossipAddress: string;
  readonly role: string;
  readonly zone: string;
  /** 1 to 16. */
  readonly weight: number;
  /** host:port of its link. */
  readonly linkAddress: string;
  readonly lifecycle: MemberLifecycle;
  /** Lamport number of the last change that can alter the routing table. */
  readonly stamp: number;
  /** Oldest gossip version it reads. */
  readonly protocolMin: number;
  /** Newest gossip version it writes. */
  readonly protocolMax: number;
}

export interface Suspect {
  readonly id: string;
  readonly boot: number;
  readonly incarnation: number;
  /** One accuser. */
  readonly from: string;
}

export interface Dead {
  readonly id: string;
  readonly boot: number;
  readonly incarnation: number;
  /** Who declared it. */
  readonly from: string;
  /** Given by who declared it. */
  readonly stamp: number;
}

export interface Left {
  readonly id: string;
  readonly boot: number;
  readonly incarnation: number;
  readonly stamp: number;
}

export interface Conflict {
  /** The name two live processes use. */
  readonly id: string;
  /** The newer boot, which keeps the name. */
  readonly boot: number;
  /** Where the newer one lives. */
  readonly gossipAddress: string;
}

export interface Ping {
  readonly seq: number;
  readonly targetId: string;
  readonly targetBoot: number;
  readonly sourceId: string;
  readonly sourceBoot: number;
  /** Of all records the sender holds. */
  readonly digest: number;
  /** Largest stamp among the records the sender accepted. */
  readonly version: number;
  /** 0 is well; up to 8. */
  readonly localHealth: number;
}

export interface Ack {
  readonly seq: number;
  readonly boot: number;
  readonly digest: number;
  readonly version: number;
  /** Last measured lag of the sender's event loop. */
  readonly lagMs: number;
  /** Keys the sender holds. */
  readonly keyIds: readonly number[];
}

export interface PingRequest {
  readonly seq: number;
  readonly targetId: string;
  readonly targetBoot: number;
  readonly targetAddress: string;
  /** How long the requester will still wait. */
  readonly budgetMs: number;
  readonly sourceId: string;
  readonly sourceBoot: number;
}

export interface Nack {
  readonly seq: number;
  readonly reason: NackReason;
  /** With identity: who does live there; else empty. */
  readonly id: string;
  /** With identity: that one's boot; else 0. */
  readonly boot: number;
}

export interface GossipPacket {
  /** One GossipPart each, so that a receiver can skip what it does not know. */
  readonly parts: readonly Uint8Array[];
}

export interface SyncEntry {
  readonly id: string;
  readonly boot: number;
  readonly incarnation: number;
  readonly severity: Severity;
  readonly stamp: number;
  /** Time since it turned dead or left; else 0. */
  readonly ageMs: number;
  /** The newest words of the member itself, if the sender has any. */
  readonly record?: Alive | undefined;
}

export interface SyncRequest {
  /** Name of the group. */
  readonly label: string;
  /** The sender is no member yet and needs everything. */
  readonly isJoin: boolean;
  readonly sourceId: string;
  readonly sourceBoot: number;
  readonly protocolMin: number;
  readonly protocolMax: number;
  readonly version: number;
  /** Digest of the records in each of 64 buckets. */
  readonly buckets: readonly number[];
}

export interface SyncResponse {
  readonly outcome: SyncOutcome;
  readonly sourceId: string;
  readonly sourceBoot: number;
  readonly version: number;
  readonly buckets: readonly number[];
  readonly entries: readonly SyncEntry[];
}

export interface SyncPush {
  readonly label: string;
  readonly sourceId: string;
  /** The sender has just joined and catches up: its entries need no spreading. */
  readonly isNewcomer: boolean;
  readonly entries: readonly SyncEntry[];
}

export interface SyncPushed {
}

export type GossipPart =
  | { readonly kind: "ping"; readonly value: Ping }
  | { readonly kind: "ack"; readonly value: Ack }
  | { readonly kind: "pingRequest"; readonly value: PingRequest }
  | { readonly kind: "nack"; readonly value: Nack }
  | { readonly kind: "alive"; readonly value: Alive }
  | { readonly kind: "suspect"; readonly value: Suspect }
  | { readonly kind: "dead"; readonly value: Dead }
  | { readonly kind: "left"; readonly value: Left }
  | { readonly kind: "conflict"; readonly value: Conflict }
  | { readonly kind: "unknown"; readonly value: undefined };

export type ExchangeRequest =
  | { readonly kind: "sync"; readonly value: SyncRequest }
  | { readonly kind: "push"; readonly value: SyncPush }
  | { readonly kind: "ping"; readonly value: Ping };

export type ExchangeResponse =
  | { readonly kind: "sync"; readonly value: SyncResponse }
  | { readonly kind: "pushed"; readonly value: SyncPushed }
  | { readonly kind: "ack"; readonly value: Ack }
  | { readonly kind: "nack"; readonly value: Nack };
