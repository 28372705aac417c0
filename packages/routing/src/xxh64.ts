import xxhash from "xxhash-wasm";

const hasher = await xxhash();

/** The two halves of a 64-bit hash, each an unsigned 32-bit integer. BigInt is too slow to stay in a loop. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** XXH64 with seed 0 over the UTF-8 bytes of `text`. */
export function xxh64(text: string): Hash64 {
  const hash = hasher.h64(text);
  return { high: Number(hash >> 32n), low: Number(hash & 0xffff_ffffn) };
}

/** 16 lower-case hex digits. */
export function xxh64Hex(text: string): string {
  return hasher.h64(text).toString(16).padStart(16, "0");
}
