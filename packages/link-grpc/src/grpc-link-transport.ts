import type { LinkTransport } from "@tidewire/link";
import {
  LinkFailures,
  type LinkSide,
  OpenConnections,
  type TransportModules,
  transportOf,
} from "@tidewire/link/session";
import {
  checkedKeys,
  type Introduction,
  introductionOf,
  type LinkCertificate,
  type SharedKey,
} from "@tidewire/link-binary/handshake";
import { dial } from "./dial.ts";
import type { GrpcCarrier } from "./grpc-carrier.ts";
import type { GrpcCarrierModules } from "./grpc-carrier-modules.ts";
import { GrpcLinkMetrics } from "./grpc-link-metrics.ts";
import {
  defaultGrpcLinkLimits,
  type GrpcLinkLimits,
  type GrpcLinkOptions,
  type GrpcShape,
} from "./grpc-link-options.ts";
import { listen } from "./listen.ts";
import { Traffic } from "./traffic.ts";
import type { TransportContext } from "./transport-context.ts";

/** The link over `@grpc/grpc-js`, with the same sessions, codecs and handshake as the binary one. */
export function createGrpcLinkTransport(options: GrpcLinkOptions, modules: TransportModules): LinkTransport {
  const context = new Transport(options, modules);
  return transportOf({
    kind: "grpc",
    dial: (address) => dial(context, address),
    listen: (address, services) => listen(context, address, services),
  });
}

class Transport implements TransportContext {
  readonly carrier: GrpcCarrierModules;
  readonly limits: GrpcLinkLimits;
  readonly shape: GrpcShape;
  readonly introduction: Introduction;
  readonly keys: readonly (SharedKey | undefined)[];
  readonly certificate: LinkCertificate | undefined;
  readonly metrics: GrpcLinkMetrics;
  readonly failures: LinkFailures;
  readonly #traffic = new Traffic();
  readonly #connections: OpenConnections<GrpcCarrier>;

  constructor(options: GrpcLinkOptions, modules: TransportModules) {
    this.limits = { ...defaultGrpcLinkLimits, ...options };
    this.shape = options.shape ?? "multiplexed";
    this.certificate = options.certificate;
    this.keys = checkedKeys(options);
    this.introduction = introductionOf(options, this.limits, modules);
    this.metrics = new GrpcLinkMetrics(modules.metrics, this.#traffic);
    this.failures = new LinkFailures(modules.metrics);
    this.#connections = new OpenConnections(modules.clock, {
      gauge: this.metrics.connections,
      second: () => this.#count(),
      left: () => this.#count(),
    });
    const tuning = options.tuning ?? "internals";
    this.carrier = {
      clock: modules.clock,
      logger: modules.logger,
      traffic: this.#traffic,
      tuning,
      broke: (reason) => this.metrics.breaks.add(1, { reason }),
    };
  }

  joined(side: LinkSide, carrier: GrpcCarrier): void {
    this.#connections.add(side, carrier);
  }

  left(side: LinkSide, carrier: GrpcCarrier): void {
    this.#connections.delete(side, carrier);
  }

  #count(): void {
    let waiting = 0;
    let congested = 0;
    let inFlight = 0;
    for (const carrier of this.#connections) {
      waiting += carrier.waitingBytes;
      inFlight += carrier.inFlight;
      if (carrier.isCongested) congested++;
    }
    this.metrics.waitingBytes.set(waiting);
    this.metrics.congested.set(congested);
    this.metrics.inFlight.set(inFlight);
    this.metrics.publish(this.#traffic);
    this.failures.publish();
  }
}
