import type { LinkFailures, LinkSide } from "@tidewire/link/session";
import type { Introduction, LinkCertificate, SharedKey } from "@tidewire/link-binary/handshake";
import type { GrpcCarrier } from "./grpc-carrier.ts";
import type { GrpcCarrierModules } from "./grpc-carrier-modules.ts";
import type { GrpcLinkMetrics } from "./grpc-link-metrics.ts";
import type { GrpcLinkLimits, GrpcShape } from "./grpc-link-options.ts";

/** What dialling and listening share. */
export interface TransportContext {
  readonly carrier: GrpcCarrierModules;
  readonly limits: GrpcLinkLimits;
  readonly shape: GrpcShape;
  readonly introduction: Introduction;
  readonly keys: readonly (SharedKey | undefined)[];
  readonly certificate: LinkCertificate | undefined;
  readonly metrics: GrpcLinkMetrics;
  readonly failures: LinkFailures;
  /** A connection counts from here until `left`. */
  joined(side: LinkSide, carrier: GrpcCarrier): void;
  left(side: LinkSide, carrier: GrpcCarrier): void;
}
