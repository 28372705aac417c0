import xxhash from "xxhash-wasm";
import { type CanonicalTexts, canonicalJson } from "./canonical-json.ts";
import type { JsonValue } from "./json.ts";

// Loaded while the module is, so that hashing itself is synchronous. 2 KB of WebAssembly.
const xxh = await xxhash();

/** The hash of a view: XXH64 (seed 0) of its canonical JSON in UTF-8, 16 lower-case hex digits. `texts` as there. */
export function hashView(value: JsonValue, texts?: CanonicalTexts): string {
  return xxh.h64ToString(canonicalJson(value, texts));
}

/** The same hash of canonical JSON that is already in bytes. */
export function hashBytes(bytes: Uint8Array): string {
  return xxh.h64Raw(bytes).toString(16).padStart(16, "0");
}
