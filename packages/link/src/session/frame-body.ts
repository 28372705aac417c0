import { type Codec, malformed, type Reader, type Writer } from "@tidewire/wire";

// What stands before the message in a frame's body, alike for every carrier. `CallHeader` of link.xml gives the layout
// of the first; both are read and written without an object because they are on the way of every call and delta.

const CALL_HEADER_BYTES = 8;
const U32_MAX = 0xffff_ffff;

/** The most streams one `downMany` frame may name. */
export const MANY_STREAMS_MAX = 8_192;

export function writeCallHeader(writer: Writer, deadlineMs: number, credit: number): void {
  const at = writer.reserve(CALL_HEADER_BYTES);
  writer.view.setUint32(at, Math.min(U32_MAX, Math.max(0, Math.ceil(deadlineMs))), true);
  writer.view.setUint32(at + 4, Math.min(U32_MAX, credit), true);
}

/** Moves past the header and returns where it begins: u32 deadline in milliseconds, u32 credit. */
export function takeCallHeader(reader: Reader): number {
  return reader.take(CALL_HEADER_BYTES);
}

/** Whether memory has the order of the wire: then ids are copied as they lie there, all at once. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

export function writeStreamIds(writer: Writer, streams: Uint32Array): void {
  let at = writer.reserve(4 + 4 * streams.length);
  writer.view.setUint32(at, streams.length, true);
  if (isLittleEndian) {
    writer.buffer.set(new Uint8Array(streams.buffer, streams.byteOffset, streams.byteLength), at + 4);
    return;
  }
  for (const stream of streams) {
    at += 4;
    writer.view.setUint32(at, stream, true);
  }
}

/** Moves past the ids and returns where the first one begins; `(reader.position - at) / 4` of them follow. */
export function takeStreamIds(reader: Reader): number {
  const count = reader.view.getUint32(reader.take(4), true);
  if (count > MANY_STREAMS_MAX) throw malformed("streams", `must be at most ${MANY_STREAMS_MAX}`);
  return reader.take(4 * count);
}

/** A message that is encoded already. */
export const encodedMessage: Codec<Uint8Array> = {
  name: "link.encoded",
  encode(writer, bytes) {
    const at = writer.reserve(bytes.length);
    writer.buffer.set(bytes, at);
  },
  decode(reader) {
    const at = reader.take(reader.remaining);
    return new Uint8Array(reader.buffer.subarray(at, reader.position));
  },
};

/** No fields. */
export const emptyMessage: Codec<undefined> = {
  name: "link.empty",
  encode() {},
  decode: () => undefined,
};
