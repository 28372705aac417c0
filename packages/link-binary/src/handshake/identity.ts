import type { Clock, Random } from "@tidewire/foundation";
import type { Introduction, VersionRange } from "./handshake.ts";
import type { SharedKey } from "./proof.ts";

/** What this code speaks. Frames of a version are never changed; a change is a new version. */
export const LINK_VERSIONS: VersionRange = { min: 1, max: 1 };

const KEY_MIN_BYTES = 16;

export interface IdentityOptions {
  readonly nodeId: string;
  readonly role: string;
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
 * The keys a process uses: the first for dialling, any of them when it is dialled. One `undefined` where certificates
 * stand for them; then they must be asked for. Throws a `RangeError` otherwise.
 */
export function checkedKeys(
  given: SharedKey | readonly SharedKey[] | undefined,
  certificates: { readonly requestCert?: boolean | undefined; readonly rejectUnauthorized?: boolean | undefined } = {},
): readonly (SharedKey | undefined)[] {
  if (given === undefined) {
    if (certificates.requestCert !== true || certificates.rejectUnauthorized === false) {
      throw new RangeError("a link needs a shared key, or TLS that asks for certificates");
    }
    return [undefined];
  }
  const keys = typeof given === "string" || given instanceof Uint8Array ? [given] : given;
  if (keys.length === 0 || keys.some((key) => Buffer.byteLength(key) < KEY_MIN_BYTES)) {
    throw new RangeError(`a shared key must have at least ${KEY_MIN_BYTES} bytes`);
  }
  return keys;
}
