import { type Reader } from "@tidewire/wire";

/**
 * What is left in `body`, copied: its buffer is the carrier's and is overwritten by the next read, while what a call
 * hands over belongs to the other side. Uses one reader again and again.
 */
export function ownedBody(reader: Reader, body: Reader): Reader {
  const copy = new Uint8Array(body.remaining);
  copy.set(body.buffer.subarray(body.position, body.end));
  return reader.reset(copy);
}
