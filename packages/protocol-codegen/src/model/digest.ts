import { createHash } from "node:crypto";
import type { Api } from "./api.ts";
import type { ErrorRegistry } from "./error-registry.ts";
import type { Protocol } from "./protocol.ts";

/**
 * 16 hex digits that name what a definition says on the wire: documentation, file names and line numbers do not count.
 * Peers compare it in the handshake.
 */
export function digestOf(definition: Protocol | Api | ErrorRegistry): string {
  const ignored = new Set(["documentation", "meaning", "line", "file", "package"]);
  const text = JSON.stringify(definition, (key, value: unknown) => (ignored.has(key) ? undefined : value));
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
