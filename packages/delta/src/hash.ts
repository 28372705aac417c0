import xxhash from "xxhash-wasm";
import { type CanonicalTexts, canonicalJson } from "./canonical-json.ts";
import type { JsonValue } from "./json.ts";

// Loaded while the module is, so that hashing itself is synchronous. 2 KB of WebAssembly.
const xxh = await xxhash();

const encoder = new TextEncoder();

/**
 * Hashed at once. The module has 64 KiB of memory: for more it would grow, its old buffer be detached, and from then on V8
 * looks at every access to any buffer of the process whether it is still there. A document's commit and delta then cost 4 %
 * more.
 */
const pieceBytes = 32 * 1_024;
/** Room is made for three bytes per code unit. */
const pieceLength = Math.floor(pieceBytes / 3);

/** The hash of a view: XXH64 (seed 0) of its canonical JSON in UTF-8, 16 lower-case hex digits. `texts` as there. */
export function hashView(value: JsonValue, texts?: CanonicalTexts): string {
  const text = canonicalJson(value, texts);
  return text.length > pieceLength ? hashBytes(encoder.encode(text)) : xxh.h64ToString(text);
}

/** The same hash of canonical JSON that is already in bytes. */
export function hashBytes(bytes: Uint8Array): string {
  if (bytes.length <= pieceBytes) return hexOf(xxh.h64Raw(bytes));
  const hash = xxh.create64();
  for (let at = 0; at < bytes.length; at += pieceBytes) hash.update(bytes.subarray(at, at + pieceBytes));
  return hexOf(hash.digest());
}

function hexOf(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}
