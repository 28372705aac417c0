import {
  type BackoffOptions,
  type Clock,
  type Logger,
  type MetricsSink,
  type Random,
  ServiceError,
  type Timer,
} from "@tidewire/foundation";
import type { LinkCaller } from "@tidewire/link";
import type { RoutingTable } from "@tidewire/protocol-routing";
import { type ClientMetrics, clientMetrics } from "./metrics.ts";
import type { RoutingSource } from "./routing-source.ts";
import { compareTables, isSameTable } from "./routing-table.ts";
import { TableHolder } from "./table-holder.ts";
import { TableWatch } from "./table-watch.ts";

export interface RoutingClientModules {
  /** The link to a routing-table node; called once for each address, at `start`. */
  readonly linkTo: (address: string) => LinkCaller;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
}

export interface RoutingClientOptions {
  /** Node id of this process. */
  readonly subscriber: string;
  /** Links of the routing tier; the first `watchesMax` are followed at the same time. */
  readonly addresses: readonly string[];
  readonly watchesMax?: number;
  /** Between a stream's end and its next opening. */
  readonly backoff?: BackoffOptions;
  /** How long a table that drops most hosts waits for a second node to say the same. */
  readonly confirmMs?: number;
  /** Calls of `waitForVersion` under way; one more is refused with `overloaded`. */
  readonly waitersMax?: number;
}

/** The link below has a schedule of its own for dialling; this one spaces streams that end on a good connection. */
const watchBackoff: BackoffOptions = { initialMs: 250, factor: 2, capMs: 5_000, spread: 0.5 };

interface Waiter {
  readonly version: number;
  readonly resolve: (table: RoutingTable) => void;
  readonly reject: (error: ServiceError) => void;
  readonly timer: Timer;
}

/**
 * Follows the routing tier: a stream from several of its nodes, of which the highest (epoch, version) counts. The last
 * table is kept while the whole tier is away, and no table is ever replaced by an older one, so a node that lags or
 * starts over cannot move anyone back.
 */
export class RoutingClient implements RoutingSource {
  readonly #modules: RoutingClientModules;
  readonly #options: Required<RoutingClientOptions>;
  readonly #metrics: ClientMetrics;
  readonly #holder: TableHolder;
  readonly #waiters = new Set<Waiter>();
  #watches: TableWatch[] = [];
  /** The watch whose table is in force. */
  #followed: TableWatch | undefined;
  /** A table that drops most hosts and waits for a second voice. */
  #doubtful: { readonly watch: TableWatch; readonly table: RoutingTable; readonly timer: Timer } | undefined;
  #isStopped = false;

  constructor(modules: RoutingClientModules, options: RoutingClientOptions) {
    this.#modules = modules;
    this.#options = { watchesMax: 3, backoff: watchBackoff, confirmMs: 2_000, waitersMax: 4_096, ...options };
    this.#metrics = clientMetrics(modules.metrics);
    this.#holder = new TableHolder(this.#metrics, modules.logger);
  }

  get table(): RoutingTable | undefined {
    return this.#holder.table;
  }

  onTable(listener: (table: RoutingTable) => void): () => void {
    return this.#holder.onTable(listener);
  }

  start(): void {
    if (this.#watches.length > 0) return;
    const { addresses, watchesMax, subscriber, backoff } = this.#options;
    this.#watches = [...new Set(addresses)].slice(0, watchesMax).map(
      (address) =>
        new TableWatch(this.#modules.linkTo(address), subscriber, this.#modules, backoff, {
          table: (watch, table) => this.#arrived(watch, table),
          ended: (watch, error) => this.#ended(watch, error),
        }),
    );
    for (const watch of this.#watches) watch.start();
  }

  /** The first table of this version or a later one; rejects with `unavailable` after `timeoutMs`. */
  waitForVersion(version: number, timeoutMs: number): Promise<RoutingTable> {
    const { table } = this;
    if (table !== undefined && table.version >= version) return Promise.resolve(table);
    if (this.#waiters.size >= this.#options.waitersMax) {
      return Promise.reject(new ServiceError("overloaded", "too many calls wait for a routing table"));
    }
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        this.#waiters.delete(waiter);
        reject(new ServiceError("unavailable", "no routing table of that version came in time"));
      };
      const waiter: Waiter = { version, resolve, reject, timer: this.#modules.clock.after(timeoutMs, fail) };
      if (this.#isStopped) return fail();
      this.#waiters.add(waiter);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#doubtful?.timer.cancel();
    for (const watch of this.#watches) watch.stop();
    for (const waiter of this.#waiters) {
      waiter.timer.cancel();
      waiter.reject(new ServiceError("unavailable", "the routing client was stopped"));
    }
    this.#waiters.clear();
  }

  #arrived(watch: TableWatch, table: RoutingTable): void {
    this.#countStreams();
    const current = this.table;
    if (current === undefined) return this.#accept(watch, table);
    const order = compareTables(table, current);
    if (order < 0) return this.#metrics.refused.add(1, { reason: "older" });
    if (order === 0 && !this.#mayReplaceEqual(watch, table, current)) return;
    if (!dropsMost(current, table)) return this.#accept(watch, table);
    this.#doubt(watch, table);
  }

  /** The same version can stand for two tables for a moment, while two nodes still merge what they heard. */
  #mayReplaceEqual(watch: TableWatch, table: RoutingTable, current: RoutingTable): boolean {
    if (isSameTable(table, current)) return false;
    if (watch === this.#followed || this.#followed?.latest === undefined) return true;
    if (table.digest === current.digest) return current.isFrozen;
    this.#metrics.refused.add(1, { reason: "fork" });
    return false;
  }

  /** Most hosts gone at one step: a second node has to say so too, unless there is none that could. */
  #doubt(watch: TableWatch, table: RoutingTable): void {
    const others = this.#watches.filter((other) => other !== watch && other.latest !== undefined);
    const isConfirmed = others.some(
      (other) => dropsMost(this.table!, other.latest!) || other.latest!.digest === table.digest,
    );
    if (others.length === 0 || isConfirmed) return this.#accept(watch, table);
    this.#metrics.refused.add(1, { reason: "unconfirmed" });
    const previous = this.#doubtful;
    if (previous !== undefined && compareTables(previous.table, table) > 0) return;
    previous?.timer.cancel();
    const timer = this.#modules.clock.after(this.#options.confirmMs, () => {
      if (watch.latest === table && compareTables(table, this.table!) >= 0) this.#accept(watch, table);
    });
    this.#doubtful = { watch, table, timer };
  }

  #accept(watch: TableWatch, table: RoutingTable): void {
    this.#doubtful?.timer.cancel();
    this.#doubtful = undefined;
    this.#followed = watch;
    this.#holder.set(table);
    for (const waiter of this.#waiters) {
      if (table.version < waiter.version) continue;
      this.#waiters.delete(waiter);
      waiter.timer.cancel();
      waiter.resolve(table);
    }
  }

  #ended(watch: TableWatch, error: ServiceError | undefined): void {
    this.#modules.logger.debug({ address: watch.address, err: error }, "the stream of routing tables ended");
    this.#countStreams();
    if (watch !== this.#followed) return;
    // Another node may have been passed over for the sake of the one that is gone.
    for (const other of this.#watches) if (other.latest !== undefined) this.#arrived(other, other.latest);
  }

  #countStreams(): void {
    this.#metrics.streams.set(this.#watches.filter((watch) => watch.latest !== undefined).length);
  }
}

/** More than half of the hosts, and at least two, are missing in `after`. */
function dropsMost(before: RoutingTable, after: RoutingTable): boolean {
  const kept = new Set(after.hosts.map((host) => host.id));
  const dropped = before.hosts.filter((host) => !kept.has(host.id)).length;
  return dropped >= 2 && dropped * 2 > before.hosts.length;
}
