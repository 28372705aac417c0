import type { Clock, Logger } from "@tidewire/foundation";
import type { Reader } from "@tidewire/wire";
import type { GrpcTuning } from "./grpc-link-options.ts";
import type { Traffic } from "./traffic.ts";

export interface GrpcCarrierModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly tuning: GrpcTuning;
  /** An open connection did not end in order. */
  broke(reason: GrpcBreakReason): void;
}

/** `network` is also a peer that fell silent: gRPC does not tell them apart. */
export type GrpcBreakReason = "network" | "protocol" | "overrun";

/** Takes what comes on the control stream before the session. */
export interface Greeter {
  frame(type: number, body: Reader): void;
  /** The control stream ended, or what came was no handshake. */
  over(cause: unknown): void;
}
