import type { SampleMessages, SampleName } from "./sample-messages.ts";

export const variantNames = [
  "generated",
  "floor",
  "protobufjs",
  "protobufjsReused",
  "protobufEs",
  "msgpackr",
  "json",
] as const;
export type VariantName = (typeof variantNames)[number];

/** One way to turn one message into bytes and back, over buffers of its own. */
export interface MessageCodec {
  /** Encodes the message and returns how many bytes it took. */
  encode(): number;
  /** Decodes what `encode` wrote and returns something that depends on it. */
  decode(): number;
  /** Throws unless what was decoded equals what was encoded. */
  verify(): void;
}

/** Makes the codecs of one variant for one set of messages. */
export type CodecVariant = (messages: SampleMessages) => Readonly<Record<SampleName, MessageCodec>>;
