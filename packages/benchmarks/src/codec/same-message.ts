import { strict as assert } from "node:assert";

/** Throws unless both are equal but for absent fields and for the class of byte arrays. */
export function sameMessage(decoded: unknown, message: unknown): void {
  assert.deepEqual(plain(decoded), plain(message));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  // Names with a dollar are a library's own.
  const entries = Object.entries(value).filter(([name, child]) => child !== undefined && !name.startsWith("$"));
  return Object.fromEntries(entries.map(([name, child]) => [name, plain(child)]));
}
