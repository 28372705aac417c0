import { strict as assert } from "node:assert";
import { SendRequestCodec, SendResponseCodec, ViewerFrameCodec } from "@tidewire/protocol-host";
import { type Codec, Reader, Writer } from "@tidewire/wire";
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from "msgpackr";
import type { CodecVariant, MessageCodec, VariantName } from "./codec-variant.ts";
import { protobufEs, protobufjs, protobufjsReused } from "./protobuf-variants.ts";
import { sameMessage } from "./same-message.ts";

/** `Buffer` with the native calls that its types leave out; both sides of the comparison use them. */
interface NativeBuffer extends Buffer {
  utf8Write(text: string, offset: number, byteLength: number): number;
  utf8Slice(start: number, end: number): string;
}

const SLAB_BYTES = 16 * 1024;

export const variants: Readonly<Record<VariantName, CodecVariant>> = {
  generated: (messages) => ({
    viewerFrame: generated(ViewerFrameCodec, messages.viewerFrame, (frame) => frame.data.length),
    sendRequest: generated(SendRequestCodec, messages.sendRequest, (request) => request.tableVersion),
    sendResponse: generated(SendResponseCodec, messages.sendResponse, (response) => response.seq),
  }),
  floor: ({ texts }) => ({
    viewerFrame: floor(texts.viewerFrame),
    sendRequest: floor(texts.sendRequest),
    sendResponse: floor(texts.sendResponse),
  }),
  protobufjs,
  protobufjsReused,
  protobufEs,
  msgpackr: (messages) => ({
    viewerFrame: msgpackr(messages.viewerFrame, (frame) => frame.data.length),
    sendRequest: msgpackr(messages.sendRequest, (request) => request.tableVersion),
    sendResponse: msgpackr(messages.sendResponse, (response) => response.seq),
  }),
  json: (messages) => ({
    // JSON has no bytes: it is given, and gives back, the text, which spares it the conversion.
    viewerFrame: json({ ...messages.viewerFrame, data: messages.texts.viewerFrame }, (frame) => frame.data.length),
    sendRequest: json(messages.sendRequest, (request) => request.tableVersion),
    sendResponse: json(messages.sendResponse, (response) => response.seq),
  }),
};

/** As the link does it: encoded at the end of a slab, decoded in place. */
function generated<Message>(
  codec: Codec<Message>,
  message: Message,
  depend: (decoded: Message) => number,
): MessageCodec {
  const writer = new Writer({ initialBytes: SLAB_BYTES });
  codec.encode(writer, message);
  const end = writer.position;
  const slab = writer.buffer;
  const reader = new Reader(slab);
  const decode = (): Message => codec.decode(reader.reset(slab, 0, end));
  return {
    encode: () => {
      writer.reset();
      codec.encode(writer, message);
      return writer.position;
    },
    decode: () => depend(decode()),
    verify: () => sameMessage(decode(), message),
  };
}

/** Nothing that moves text into bytes and back can do with less. */
function floor(text: string): MessageCodec {
  const buffer = Buffer.allocUnsafeSlow(SLAB_BYTES) as NativeBuffer;
  const room = 3 * text.length;
  const end = buffer.utf8Write(text, 0, room);
  return {
    encode: () => buffer.utf8Write(text, 0, room),
    decode: () => buffer.utf8Slice(0, end).length,
    verify: () => assert.equal(buffer.utf8Slice(0, end), text),
  };
}

function msgpackr<Message>(message: Message, depend: (decoded: Message) => number): MessageCodec {
  // Shared structures and one slab that is used again: its fastest and smallest form.
  const packr = new Packr({ structures: [] });
  packr.useBuffer(Buffer.allocUnsafeSlow(SLAB_BYTES));
  packr.pack(message);
  const packed = Buffer.from(packr.pack(message));
  const mode = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;
  return {
    encode: () => {
      // In this mode it gives the slab itself, and says in two properties which part of it the message is.
      const { start, end } = packr.pack(message, mode) as Buffer & { readonly start: number; readonly end: number };
      return end - start;
    },
    decode: () => depend(packr.unpack(packed) as Message),
    verify: () => sameMessage(packr.unpack(packed) as Message, message),
  };
}

function json<Message>(message: Message, depend: (decoded: Message) => number): MessageCodec {
  const buffer = Buffer.allocUnsafeSlow(SLAB_BYTES) as NativeBuffer;
  const encode = (): number => {
    const text = JSON.stringify(message);
    return buffer.utf8Write(text, 0, 3 * text.length);
  };
  const end = encode();
  const decode = (): Message => JSON.parse(buffer.utf8Slice(0, end)) as Message;
  return { encode, decode: () => depend(decode()), verify: () => sameMessage(decode(), message) };
}
