export * from "./generated/client-down-frames.ts";
export * from "./generated/client-registry.ts";
export type * from "./generated/client-types.ts";
export * from "./generated/client-up-frames.ts";
export type { JsonFields, JsonValue } from "./json-value.ts";
export type { ParameterReason } from "./parameter-fault.ts";
