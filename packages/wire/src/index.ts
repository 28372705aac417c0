export { Reader } from "./reader.ts";
export type { Codec, RetryClass, StreamMethod, UnaryMethod } from "./rpc.ts";
export { ABSENT, MESSAGE_MAX_BYTES, malformed, outOfBounds } from "./wire-fault.ts";
export { Writer, type WriterOptions } from "./writer.ts";
