export { DeadlineQueue, type Expiring } from "./deadline-queue.ts";
export type * from "./link.ts";
export { LinkError } from "./link-error.ts";
export {
  defaultMemoryLinkOptions,
  type MemoryLinkModules,
  MemoryLinkNetwork,
  type MemoryLinkOptions,
} from "./memory/memory-link-network.ts";
export { PeerLink } from "./peer/peer-link.ts";
export { defaultPeerLinkOptions, type PeerLinkOptions } from "./peer/peer-link-options.ts";
export { defaultPeerLinkPoolOptions, PeerLinkPool, type PeerLinkPoolOptions } from "./peer/peer-link-pool.ts";
export type * from "./peer/peer-link-types.ts";
export type { RetryBudgetOptions } from "./peer/retry-budget.ts";
export { LinkServiceTable } from "./service-table.ts";
