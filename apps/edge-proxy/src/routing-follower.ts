import { Backoff, type Clock, type Gauge, type Logger, type MetricsSink, type Random, type Timer } from "@tidewire/foundation";
import type { ClientStream, LinkCaller } from "@tidewire/link";
import { type RoutingTable, RoutingService, type Empty } from "@tidewire/protocol-routing";
import type { RoutingSource } from "@tidewire/routing";

export interface RoutingFollowerModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  linkTo(address: string): LinkCaller;
}

/** How often one process of the tier is asked again after its stream ended. */
const RETRY = { initialMs: 250, factor: 2, capMs: 5_000, spread: 0.5 };

/**
 * Follows the routing tier: a stream from every one of its processes, of which the newest table counts. A process that
 * starts over may go back; its earlier table is then forgotten with it. What was learned stays while the tier is away.
 */
export class RoutingFollower implements RoutingSource {
  readonly #modules: RoutingFollowerModules;
  readonly #subscriber: string;
  readonly #latest = new Map<string, RoutingTable>();
  readonly #listeners = new Set<(table: RoutingTable) => void>();
  readonly #streams = new Map<string, ClientStream<Empty>>();
  readonly #timers = new Map<string, Timer>();
  readonly #version: Gauge;
  #table: RoutingTable | undefined;
  #isStopped = false;

  constructor(modules: RoutingFollowerModules, addresses: readonly string[], subscriber: string) {
    this.#modules = modules;
    this.#subscriber = subscriber;
    this.#version = modules.metrics.gauge("tidewire_edge_routing_version", "Version of the routing table in use");
    for (const address of addresses) this.#watch(address, new Backoff(modules.random, RETRY));
  }

  get table(): RoutingTable | undefined {
    return this.#table;
  }

  onTable(listener: (table: RoutingTable) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  stop(): void {
    this.#isStopped = true;
    for (const stream of this.#streams.values()) stream.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #watch(address: string, backoff: Backoff): void {
    if (this.#isStopped) return;
    const { method, request } = { method: RoutingService.methods.watch, request: { subscriber: this.#subscriber } };
    const stream: ClientStream<Empty> = this.#modules.linkTo(address).open(method, request, {
      message: (table) => {
        backoff.reset();
        stream.grant(1);
        this.#latest.set(address, table);
        this.#choose();
      },
      end: (error) => {
        this.#modules.logger.debug({ address, err: error }, "routing stream ended");
        const timer = this.#modules.clock.after(backoff.nextDelayMs(), () => this.#watch(address, backoff));
        this.#timers.set(address, timer);
      },
    });
    this.#streams.set(address, stream);
  }

  #choose(): void {
    let newest: RoutingTable | undefined;
    for (const table of this.#latest.values()) if (newest === undefined || isNewer(table, newest)) newest = table;
    if (newest === undefined || (this.#table?.digest === newest.digest && this.#table.version === newest.version)) return;
    this.#table = newest;
    this.#version.set(newest.version);
    this.#modules.logger.info({ version: newest.version, hosts: newest.hosts.length }, "routing table");
    for (const listener of this.#listeners) listener(newest);
  }
}

function isNewer(a: RoutingTable, b: RoutingTable): boolean {
  return a.epoch === b.epoch ? a.version > b.version : a.epoch > b.epoch;
}
