import { crc32 as nativeCrc32 } from "node:zlib";

/** CRC-32 (IEEE 802.3, the one of gzip) of the bytes, unsigned; give the previous result to continue. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return nativeCrc32(bytes, previous);
}
