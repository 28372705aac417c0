import type { Clock, Random } from "@tidewire/foundation";
import type { Introduction, VersionRange } from "./handshake.ts";
import type { LinkCertificate } from "./link-certificate.ts";
import type { SharedKey } from "./proof.ts";

/** What this code speaks. Frames of a version are never changed; a change is a new version. */
export const LINK_VERSIONS: VersionRange = { min: 1, max: 1 };

const KEY_MIN_BYTES = 16;

export interface IdentityOptions {
  readonly nodeId: string;
  readonly role: string;
  /**
   * Proves both sides to each other; at least 16 bytes each. The first one is used for dialling, all are accepted, so
   * that keys can be changed one process at a time. May be left out only with a certificate.
   */
  readonly sharedKey?: SharedKey | readonly SharedKey[];
  /** Mutual TLS on every connection; plain TCP without it. */
  readonly certificate?: LinkCertificate;
  /** Digests of the protocols this process speaks, for the peer's log. */
  readonly schemaDigest?: string;
  /** Versions of the link's own protocol that this process speaks; for tests of a rolling deploy. */
  readonly versions?: VersionRange;
}

export function introductionOf(
  options: IdentityOptions,
  limits: { readonly heartbeatMs: number; readonly inFlightMax: number },
  modules: { readonly clock: Clock; readonly random: Random },
): Introduction {
  return {
    nodeId: options.nodeId,
    role: options.role,
    // Milliseconds and a random part, so that two starts within one millisecond differ.
    bootId: Math.floor(modules.clock.wallMs()) * 1024 + modules.random.below(1024),
    heartbeatMs: limits.heartbeatMs,
    schemaDigest: options.schemaDigest ?? "",
    versions: options.versions ?? LINK_VERSIONS,
    inFlightMax: limits.inFlightMax,
  };
}

/**
 * The keys a process uses: the first for dialling, any of them when it is dialled. One `undefined` where a certificate
 * stands for them. Throws a `RangeError` where there is neither.
 */
export function checkedKeys({
  sharedKey,
  certificate,
}: Pick<IdentityOptions, "sharedKey" | "certificate">): readonly (SharedKey | undefined)[] {
  if (sharedKey === undefined) {
    if (certificate === undefined) throw new RangeError("a link needs a shared key or a certificate");
    return [undefined];
  }
  const keys = typeof sharedKey === "string" || sharedKey instanceof Uint8Array ? [sharedKey] : sharedKey;
  if (keys.length === 0 || keys.some((key) => Buffer.byteLength(key) < KEY_MIN_BYTES)) {
    throw new RangeError(`a shared key must have at least ${KEY_MIN_BYTES} bytes`);
  }
  return keys;
}
