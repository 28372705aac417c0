import { HostService } from "@tidewire/protocol-host";
import { LogService, LogTransferService } from "@tidewire/protocol-log";
import { RoutingService } from "@tidewire/protocol-routing";

const services = [HostService, LogService, LogTransferService, RoutingService];

/** A connection carries whatever two processes have to say, so the service that must know soonest sets the pace. */
export const DEFINED_HEARTBEAT_MS = Math.min(...services.map(({ heartbeatMs }) => heartbeatMs));
