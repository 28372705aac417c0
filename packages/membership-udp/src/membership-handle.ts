import type { Lifecycle, MembershipView } from "@tidewire/membership";

/** A running member of the gossip group. */
export interface MembershipHandle {
  /** `host:port` other members use, as bound and advertised. */
  readonly gossipAddress: string;
  /** This process's boot number, as the group knows it. */
  readonly boot: number;
  /** At least one seed answered, or this node was allowed to start a group of its own. */
  readonly isJoined: boolean;
  /** Resolves when `isJoined` turns true; rejects with `unavailable` when stopped before that. */
  joined(): Promise<void>;
  view(): MembershipView;
  /** Called after every change with the whole view; returns the function that ends it. */
  onChange(listener: (view: MembershipView) => void): () => void;
  /** Calls back once if this process must give up its name: a newer process runs under the same node id. */
  onEvicted(listener: (reason: string) => void): void;
  /**
   * Announces a lifecycle. `active` takes effect after the hold that damps flapping (§ profile `joinHoldMs`, longer after
   * false alarms); `draining` at once. The view shows which one is in force.
   */
  setLifecycle(lifecycle: Lifecycle): void;
  /** Tells the group goodbye, waits until enough members heard it (at most 2 s), then stops. */
  leave(): Promise<void>;
  /** Closes sockets without a word: the others will find out by probing. */
  stop(): Promise<void>;
}
