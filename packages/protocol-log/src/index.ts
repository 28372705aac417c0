export * from "./generated/log-codecs.ts";
export * from "./generated/log-service.ts";
export * from "./generated/log-stubs.ts";
export type * from "./generated/log-types.ts";
