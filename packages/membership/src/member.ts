/** What a member says about its own work; only the member itself may change it. */
export type Lifecycle = "joining" | "active" | "draining";

/** What the others think of a member's health. Only `dead` and `left` take it out of the group. */
export type Health = "alive" | "suspect" | "dead" | "left";

/** What a member tells the group about itself. All strings are bounded by the definition in gossip.xml. */
export interface MemberMeta {
  /** `host:port` at which other tiers reach it over the link. */
  readonly linkAddress: string;
  readonly zone: string;
  /** 1 to 16; the share of documents it wants, relative to the others. */
  readonly weight: number;
}

/** One member as this node sees it. */
export interface Member extends MemberMeta {
  readonly id: string;
  /** Start of its process: ms since 1970 times 1024 plus a random part. A restart is a new boot. */
  readonly boot: number;
  readonly incarnation: number;
  readonly health: Health;
  readonly lifecycle: Lifecycle;
  /** `document-host` or `routing-table`. Empty while only hearsay about the member has arrived. */
  readonly role: string;
  /** `host:port` of its gossip socket. */
  readonly gossipAddress: string;
  /** Lamport number of the last change that can alter the routing table. */
  readonly stamp: number;
  /** Keys it said it holds; empty until it answered a probe of this node. */
  readonly keyIds: readonly number[];
  readonly isSelf: boolean;
}

/** Everything this node knows at one moment. Sorted by id. */
export interface MembershipView {
  readonly members: readonly Member[];
  /** Largest Lamport stamp accepted so far; never goes down, also not when a tombstone expires. */
  readonly stamp: number;
}
