import type { LinkFailures, LinkSide } from "@tidewire/link/session";
import type { BinaryCarrier, CarrierModules } from "./binary-carrier.ts";
import type { BinaryLinkMetrics } from "./binary-link-metrics.ts";
import type { BinaryLinkLimits } from "./binary-link-options.ts";
import type { Introduction } from "./handshake/handshake.ts";
import type { LinkCertificate } from "./handshake/link-certificate.ts";
import type { SharedKey } from "./handshake/proof.ts";

/** What dialling and listening share. */
export interface TransportContext {
  readonly carrier: CarrierModules;
  readonly limits: BinaryLinkLimits;
  readonly introduction: Introduction;
  readonly keys: readonly (SharedKey | undefined)[];
  readonly certificate: LinkCertificate | undefined;
  readonly metrics: BinaryLinkMetrics;
  readonly failures: LinkFailures;
  /** A connection counts from here until `left`. */
  joined(side: LinkSide, carrier: BinaryCarrier): void;
  left(side: LinkSide, carrier: BinaryCarrier): void;
}
