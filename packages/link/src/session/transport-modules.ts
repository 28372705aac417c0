import type { Clock, Logger, MetricsSink, Random } from "@tidewire/foundation";

/** What a transport over sockets is made with. */
export interface TransportModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}
