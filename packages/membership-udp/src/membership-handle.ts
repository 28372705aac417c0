import type { Lifecycle, MemberMeta, MembershipView } from "@tidewire/membership";

/** A running member of the gossip group. */
export interface MembershipHandle {
  /** `host:port` other members use, as bound and advertised. */
  readonly gossipAddress: string;
  /** This process's boot number, as the group knows it. */
  readonly boot: number;
  /** At least one seed answered, or this node was allowed to start a group of its own. */
  readonly isJoined: boolean;
  /** Joined, and at least half of the seeds' addresses are members: not in some forgotten corner of the network. */
  readonly isReady: boolean;
  /** Resolves when `isJoined` turns true; rejects with `unavailable` when stopped before that. */
  joined(): Promise<void>;
  view(): MembershipView;
  /** Called after every change, once joined, with the whole view; returns the function that ends it. */
  onChange(listener: (view: MembershipView) => void): () => void;
  /** Calls back once if this process must give up its name: a newer process runs under the same node id. */
  onEvicted(listener: (reason: string) => void): void;
  /**
   * Announces a lifecycle. `draining` takes effect at once, `active` after the hold that damps flapping: the profile's
   * `joinHoldMs` after the join (none while nobody else of this role is active), longer after false alarms. The view
   * shows what is in force.
   */
  setLifecycle(lifecycle: Lifecycle): void;
  setMeta(meta: MemberMeta): void;
  /** Takes other keys into use; the first one seals. */
  setKeys(keys: readonly Uint8Array[]): void;
  /** Tells the group goodbye, waits until enough members heard it (at most 2 s), then stops. */
  leave(): Promise<void>;
  /** Closes sockets without a word: the others will find out by probing. */
  stop(): Promise<void>;
}
