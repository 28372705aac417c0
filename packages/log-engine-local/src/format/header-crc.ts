/** Byte table of the reflected CRC-32 polynomial, the one of gzip and `zlib.crc32`. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * CRC-32 of a few dozen bytes. For a record header this table loop is several times cheaper than the call into
 * `zlib.crc32`, whose overhead is what small inputs pay for (research/storage.md 3.11).
 */
export function headerCrc(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  for (let index = start; index < end; index++) crc = (crc >>> 8) ^ (table[(crc ^ bytes[index]!) & 0xff] as number);
  return ~crc >>> 0;
}
