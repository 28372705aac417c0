// Generated from routing.xml, digest 6e6e5ad59f5c2fac. Do not edit; run codegen.

export type HostState = "joining" | "active" | "draining";

export interface HostEntry {
  readonly id: string;
  /** host:port of the host's link. */
  readonly address: string;
  readonly zone: string;
  /** 1 to 16. */
  readonly weight: number;
  readonly state: HostState;
  /** Start of the process: ms since 1970 times 1024 plus a random part. */
  readonly boot: number;
}

export interface RoutingTable {
  /** Meaning of the table; raised by configuration only. */
  readonly epoch: number;
  /** Largest Lamport stamp of the records it was derived from. */
  readonly version: number;
  /** XXH64 of the canonical entries, 16 lower-case hex digits. */
  readonly digest: string;
  /** A big simultaneous loss is being waited out. */
  readonly isFrozen: boolean;
  /** Sorted by id. */
  readonly hosts: readonly HostEntry[];
}

export interface WatchRequest {
  /** Node id of the edge or host. */
  readonly subscriber: string;
}

export interface Empty {
}
