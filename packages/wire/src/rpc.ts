import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Turns one message type into bytes and back. Generated from the protocol definitions, never written by hand. */
export interface Codec<Message> {
  readonly name: string;
  encode(writer: Writer, message: Message): void;
  /**
   * Reads one message. Fields of type `bytes` are views into the reader's buffer, unless the reader copies them.
   * Throws a `ServiceError` with code `invalid_argument` on bytes that are no such message.
   */
  decode(reader: Reader): Message;
}

/**
 * What may be done with a call whose link broke: `unsent` retries only if no byte of it left this process, `safe` retries
 * because doing it twice equals doing it once, `never` reports at once.
 */
export type RetryClass = "never" | "unsent" | "safe";

/** One question, one answer. */
export interface UnaryMethod<Request, Response> {
  readonly kind: "unary";
  /** Unique within the service; append-only. */
  readonly id: number;
  /** `service/method`, for logs and metrics. */
  readonly name: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly deadlineMs: number;
  readonly isIdempotent: boolean;
  readonly retry: RetryClass;
}

/** A long-lived conversation: the opener sends any number of `up`, the other side `down` as far as credit allows. */
export interface StreamMethod<Open, Up, Down> {
  readonly kind: "stream";
  readonly id: number;
  readonly name: string;
  readonly open: Codec<Open>;
  readonly up: Codec<Up>;
  readonly down: Codec<Down>;
  /** How many `down` messages the serving side may send before the opener grants more. */
  readonly credit: number;
  readonly deadlineMs: number;
}
