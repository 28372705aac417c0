/**
 * `Buffer` with the two native string calls that its types leave out. They skip the argument handling of `write` and
 * `toString`, which costs more than the copy itself on short strings.
 */
export interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number, byteLength: number): number;
  utf8Slice(start: number, end: number): string;
}

/** Uninitialised memory outside Node's pool, so that a slab never pins another one's bytes. */
export function allocateSlab(bytes: number): FastBuffer {
  return Buffer.allocUnsafeSlow(bytes) as FastBuffer;
}

/** The same bytes as a buffer; nothing is copied. */
export function fastBufferOver(bytes: Uint8Array): FastBuffer {
  return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as FastBuffer;
}
