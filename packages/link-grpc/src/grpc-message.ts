import type { Reader, Writer } from "@tidewire/wire";

// One gRPC message is one frame of the link, with the binary link's header minus its length, which gRPC has of its own:
//
//    0  u8  type
//    1  u8  0
//    2  u16 method
//    4  u32 stream
//    8  body

export const HEADER_BYTES = 8;

export interface MessageHeader {
  readonly type: number;
  readonly method: number;
  readonly stream: number;
}

/** Begins a message; the body follows. */
export function beginMessage(writer: Writer, type: number, method: number, stream: number): void {
  writer.reset();
  const at = writer.reserve(HEADER_BYTES);
  writer.view.setUint8(at, type);
  writer.view.setUint8(at + 1, 0);
  writer.view.setUint16(at + 2, method, true);
  writer.view.setUint32(at + 4, stream, true);
}

/** Reads the header and leaves the reader at the body. Throws `invalid_argument` if there is none. */
export function takeHeader(reader: Reader): MessageHeader {
  const at = reader.take(HEADER_BYTES);
  const { view } = reader;
  return {
    type: view.getUint8(at),
    method: view.getUint16(at + 2, true),
    stream: view.getUint32(at + 4, true),
  };
}
