import { createHash } from "node:crypto";
import type { Api } from "./api.ts";
import type { ErrorRegistry } from "./error-registry.ts";
import type { Protocol } from "./protocol.ts";

const SINCE = new Set(["since", "boundsSince"]);
const IGNORED = new Set(["documentation", "meaning", "line", "file", "package"]);

/**
 * 16 hex digits that name what a definition says on the wire: documentation, file names and line numbers do not count.
 * Peers may compare it in the handshake; equal digests mean equal definitions, different ones need a look at versions.
 */
export function digestOf(definition: Protocol | Api | ErrorRegistry): string {
  const text = JSON.stringify(definition, (key, value: unknown) => {
    // Attributes at rest are left out, so that a generator that learns a new one does not rename every protocol.
    const isAtRest = value === false || (SINCE.has(key) && value === 1) || (key === "callers" && isEmptyList(value));
    return IGNORED.has(key) || isAtRest ? undefined : value;
  });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
