export * from "./generated/host-codecs.ts";
export * from "./generated/host-service.ts";
export * from "./generated/host-stubs.ts";
export type * from "./generated/host-types.ts";
