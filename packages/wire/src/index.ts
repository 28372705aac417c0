export { checkCaller } from "./caller-check.ts";
export { Reader } from "./reader.ts";
export type { Codec, RetryClass, StreamMethod, UnaryMethod } from "./rpc.ts";
export type {
  StubCaller,
  StubCallOptions,
  StubContext,
  StubServerStream,
  StubServerStreamHandlers,
  StubServices,
  StubStream,
  StubStreamHandler,
  StubStreamHandlers,
  StubStreamOptions,
  StubUnaryHandler,
} from "./stub.ts";
export { ABSENT, MESSAGE_MAX_BYTES, malformed, outOfBounds } from "./wire-fault.ts";
export { Writer, type WriterOptions } from "./writer.ts";
