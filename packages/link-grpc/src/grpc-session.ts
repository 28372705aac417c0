import type { Clock, Logger, ServiceError } from "@tidewire/foundation";
import type { FrameType } from "@tidewire/link/session";
import type { Reader } from "@tidewire/wire";
import type { GrpcTuning } from "./grpc-link-options.ts";
import type { Traffic } from "./traffic.ts";

/** What both kinds of session take from their carrier. */
export interface GrpcSession {
  readonly inFlight: number;
  isLive(id: number): boolean;
  receive(type: FrameType, method: number, id: number, body: Reader, isOwned: boolean): void;
  refuseInbound(id: number, error: ServiceError): void;
  closed(error: ServiceError | undefined): void;
  granted?(id: number, messages: number): void;
  uncongested?(): void;
  peerGoAway?(): void;
}

export interface GrpcCarrierModules {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly traffic: Traffic;
  readonly tuning: GrpcTuning;
}

/** Takes what comes on the control stream before the session. */
export interface Greeter {
  frame(type: number, body: Reader): void;
  /** The control stream ended, or what came was no handshake. */
  over(cause: unknown): void;
}
