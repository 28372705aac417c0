export { DerivedTable, type DerivedTableModules, type DerivedTableOptions } from "./derived-table.ts";
export { defaultFreeze, type FreezeOptions, MassLossFreeze } from "./mass-loss-freeze.ts";
export { OwnerLookup, ownerOf, ownersOf } from "./owner-lookup.ts";
export { RoutingClient, type RoutingClientModules, type RoutingClientOptions } from "./routing-client.ts";
export type { RoutingSource } from "./routing-source.ts";
export { compareTables, deriveTable, HOST_ROLE, isSameTable } from "./routing-table.ts";
export {
  type RoutingServer,
  type ServeRoutingModules,
  type ServeRoutingOptions,
  serveRouting,
} from "./serve-routing.ts";
