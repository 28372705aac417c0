export * from "./generated/gossip-codecs.ts";
export * from "./generated/gossip-service.ts";
export type * from "./generated/gossip-types.ts";
export * from "./generated/routing-codecs.ts";
export * from "./generated/routing-service.ts";
export * from "./generated/routing-stubs.ts";
export type * from "./generated/routing-types.ts";
