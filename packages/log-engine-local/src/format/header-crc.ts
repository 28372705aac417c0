/** Tables of the reflected CRC-32 polynomial, the one of gzip and `zlib.crc32`, for four bytes at a time. */
const tables = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    made[byte] = value;
  }
  for (let at = 256; at < made.length; at++) made[at] = (made[at - 256]! >>> 8) ^ made[made[at - 256]! & 0xff]!;
  return made;
}

/**
 * CRC-32 of a few dozen bytes, whose number is a multiple of 4. For a record header this loop is several times cheaper
 * than the call into `zlib.crc32`, whose overhead is what small inputs pay for (research/storage.md 3.11).
 */
export function headerCrc(bytes: Uint8Array, start: number, end: number): number {
  let crc = CRC_START;
  for (let index = start; index < end; index += 4) {
    crc = crcOfWord(
      crc,
      bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24),
    );
  }
  return ~crc >>> 0;
}

/** Before the first word. Behind the last one its complement is the CRC-32. */
export const CRC_START = -1;

/** With the next four bytes, as a little-endian word. */
export function crcOfWord(crc: number, word: number): number {
  const mixed = crc ^ word;
  return (
    tables[768 + (mixed & 0xff)]! ^
    tables[512 + ((mixed >>> 8) & 0xff)]! ^
    tables[256 + ((mixed >>> 16) & 0xff)]! ^
    tables[mixed >>> 24]!
  );
}
