export type { RoutingSource } from "./routing-source.ts";
