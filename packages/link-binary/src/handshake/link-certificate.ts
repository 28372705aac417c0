import type { SecureVersion } from "node:tls";

/** What a process shows to the others, and whom it believes: mutual TLS on every connection. Everything is PEM. */
export interface LinkCertificate {
  /** Its certificate, with those between it and the CA behind it. */
  readonly cert: string;
  readonly key: string;
  /** Signs the certificates of all processes of the cluster, and nothing else: whoever it vouches for may connect. */
  readonly ca: string;
  /** DNS name that every certificate of the cluster carries: processes move between addresses, which prove nothing. */
  readonly serverName: string;
}

/** Both ends are ours, so nothing older is needed. */
export const LINK_TLS_MIN_VERSION: SecureVersion = "TLSv1.3";
