import { type Reader } from "@tidewire/wire";

/**
 * What is left in `body`, copied: its buffer is the carrier's and is overwritten by the next read, while what a call
 * hands over belongs to the other side. Uses one reader again and again.
 */
export function ownedBody(reader: Reader, body: Reader): Reader {
  const { buffer } = body;
  // `Buffer.subarray` and `slice` cost more than the copy.
  const part = new Uint8Array(buffer.buffer, buffer.byteOffset + body.position, body.remaining);
  return reader.reset(part.slice());
}
