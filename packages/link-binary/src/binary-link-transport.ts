import { performance } from "node:perf_hooks";
import type { LinkTransport } from "@tidewire/link";
import {
  LinkFailures,
  type LinkSide,
  OpenConnections,
  type TransportModules,
  transportOf,
} from "@tidewire/link/session";
import type { BinaryCarrier, CarrierModules } from "./binary-carrier.ts";
import { BinaryLinkMetrics } from "./binary-link-metrics.ts";
import { type BinaryLinkLimits, type BinaryLinkOptions, defaultBinaryLinkLimits } from "./binary-link-options.ts";
import { dial } from "./dial.ts";
import type { Introduction } from "./handshake/handshake.ts";
import { checkedKeys, introductionOf } from "./handshake/identity.ts";
import type { LinkCertificate } from "./handshake/link-certificate.ts";
import type { SharedKey } from "./handshake/proof.ts";
import { listen } from "./listen.ts";
import { Traffic } from "./traffic.ts";
import type { TransportContext } from "./transport-context.ts";

/** The link over TCP, with the frames of FORMAT.md. One connection per pair of peers is enough, and best. */
export function createBinaryLinkTransport(options: BinaryLinkOptions, modules: TransportModules): LinkTransport {
  const context = new Transport(options, modules);
  return transportOf({
    kind: "binary",
    dial: (address) => dial(context, address),
    listen: (address, services) => listen(context, address, services),
  });
}

class Transport implements TransportContext {
  readonly carrier: CarrierModules;
  readonly limits: BinaryLinkLimits;
  readonly introduction: Introduction;
  readonly keys: readonly (SharedKey | undefined)[];
  readonly certificate: LinkCertificate | undefined;
  readonly metrics: BinaryLinkMetrics;
  readonly failures: LinkFailures;
  readonly #traffic = new Traffic();
  readonly #connections: OpenConnections<BinaryCarrier>;
  #utilization = performance.eventLoopUtilization();
  #load = 0;

  constructor(options: BinaryLinkOptions, modules: TransportModules) {
    const { clock, random, logger } = modules;
    this.limits = { ...defaultBinaryLinkLimits, ...options };
    this.keys = checkedKeys(options);
    this.certificate = options.certificate;
    this.introduction = introductionOf(options, this.limits, modules);
    this.metrics = new BinaryLinkMetrics(modules.metrics, this.#traffic);
    this.failures = new LinkFailures(modules.metrics);
    this.#connections = new OpenConnections(clock, {
      gauge: this.metrics.connections,
      second: () => {
        this.#measureLoad();
        this.#count();
      },
      left: () => this.#count(),
    });
    this.carrier = {
      clock,
      random,
      logger,
      traffic: this.#traffic,
      observer: {
        roundTrip: (ms) => this.metrics.roundTrip.observe(ms / 1000),
        broke: (reason) => this.metrics.breaks.add(1, { reason }),
        load: () => this.#load,
      },
    };
  }

  joined(side: LinkSide, carrier: BinaryCarrier): void {
    this.#connections.add(side, carrier);
  }

  left(side: LinkSide, carrier: BinaryCarrier): void {
    this.#connections.delete(side, carrier);
  }

  #measureLoad(): void {
    const now = performance.eventLoopUtilization();
    this.#load = Math.round(255 * performance.eventLoopUtilization(now, this.#utilization).utilization);
    this.#utilization = now;
  }

  #count(): void {
    let frames = 0;
    let large = 0;
    let assemblies = 0;
    let congested = 0;
    let behind = 0;
    let inFlight = 0;
    for (const carrier of this.#connections) {
      frames += carrier.waitingBytes;
      large += carrier.waitingLargeBytes;
      assemblies += carrier.assemblyBytes;
      inFlight += carrier.inFlight;
      if (carrier.isCongested) congested++;
      if (carrier.isBehind) behind++;
    }
    this.metrics.waitingBytes.set(frames, { what: "frames" });
    this.metrics.waitingBytes.set(large, { what: "large" });
    this.metrics.waitingBytes.set(assemblies, { what: "assemblies" });
    this.metrics.congested.set(congested);
    this.metrics.behind.set(behind);
    this.metrics.inFlight.set(inFlight);
    this.metrics.publish(this.#traffic);
    this.failures.publish();
  }
}
