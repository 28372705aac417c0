import { createHash } from "node:crypto";
import type { Api } from "./api.ts";
import type { Protocol } from "./protocol.ts";

/**
 * 16 hex digits that name what a protocol says on the wire: documentation, file names and line numbers do not count.
 * Peers compare it in the handshake.
 */
export function digestOf(definition: Protocol | Api): string {
  const ignored = new Set(["documentation", "line", "file", "package"]);
  return digestOfText(JSON.stringify(definition, (key, value: unknown) => (ignored.has(key) ? undefined : value)));
}

export function digestOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
