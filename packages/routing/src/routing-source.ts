import type { RoutingTable } from "@tidewire/protocol-routing";

/** Where a current routing table can be had: a client that follows the routing tier, or the tier's own publisher. */
export interface RoutingSource {
  /** The newest table known, `undefined` until the first one arrived. */
  readonly table: RoutingTable | undefined;
  /** Called with every newer table, not with the present one; returns the function that ends it. */
  onTable(listener: (table: RoutingTable) => void): () => void;
}
